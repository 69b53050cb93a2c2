"""A source as its own top rendition: the others follow its keyframes, and the early version's bytes are used again."""

from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import AudioSettings, EncodingSettings
from sluice.domain.tools import Progress, ToolOutput, ToolTask
from sluice.media.source import SourceProbe
from sluice.service.early import CopiedTop, EarlyRendered, package_early
from sluice.service.loudness import Gains
from sluice.service.rendering import Rendered, render_source
from sluice.service.smart_top import boundaries_agree, render_smart_top
from tests.media.clips import BINARIES, Clip, ffmpeg, make
from tests.media.conftest import probe_file
from tests.media.measure import decoded_frames, durations, frames, joined

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "38", "-bf", "2", "-pix_fmt", "yuv420p")
RARE = ("-g", "1000", "-sc_threshold", "0", "-force_key_frames")


def render(source: Path, folder: Path) -> tuple[Rendered | None, list[EarlyRendered]]:
    early: list[EarlyRendered] = []

    def publish(copied: CopiedTop) -> None:
        early.append(package_early(copied, tools=ToolRunner(), binaries=BINARIES))

    work = folder / "work"
    work.mkdir()
    rendered = render_smart_top(
        probe_file(source, work),
        source,
        work,
        settings=EncodingSettings(),
        tools=ToolRunner(),
        binaries=BINARIES,
        processors=2,
        on_stage=lambda *_stage: None,
        on_copied=publish,
    )
    return rendered, early


@pytest.mark.parametrize(
    ("rate", "suffix", "keyframes", "rates"),
    [
        ("30000/1001", ".mp4", "0,2.3,4.4,6.5,8.8", [29.97, 29.97]),
        ("24000/1001", ".mkv", "0,3.1,6.3,8", [23.976, 23.976]),
        ("50", ".mp4", "0,3,6.2,8", [50, 25]),
        ("50", ".mp4", "0,3.02,6.2,8", [50, 50]),  # at frame 151, which half the rate does not have
    ],
    ids=["29.97", "matroska", "halved", "not_halved"],
)
def test_all_renditions_have_the_sources_keyframes(
    rate: str, suffix: str, keyframes: str, rates: list[float], tmp_path: Path
) -> None:
    clip = Clip(rate=rate, size="640x360", seconds=10, video=(*X264, *RARE, keyframes))
    source = make(clip, tmp_path)
    if suffix == ".mkv":
        ffmpeg("-i", str(source), "-c", "copy", str(tmp_path / "clip.mkv"))
        source = tmp_path / "clip.mkv"
    rendered, (early,) = render(source, tmp_path)
    assert rendered is not None
    video = [made for made in rendered.renditions if made.kind == "video"]
    assert [(made.name, made.frame_rate) for made in video] == list(zip(["v360", "v240"], rates, strict=True))
    top, low = (frames(joined(rendered, made.name)) for made in video)
    assert [frame.pts_s for frame in top if frame.key] == [frame.pts_s for frame in low if frame.key]
    step = round(rates[0] / rates[1])
    assert [frame.pts_s for frame in low] == pytest.approx([frame.pts_s for frame in top[::step]], abs=1e-6)
    assert len(top) == rendered.frames == clip.frames == decoded_frames(joined(rendered, "v360"))
    assert boundaries_agree(rendered.plan, rendered.directory)
    starts = list(accumulate(durations(rendered, "v360")[:-1]))
    assert starts == pytest.approx([f.pts_s for f in top if f.key and f.pts_s >= 6][: len(starts)], abs=0.002)
    assert {r.name: r.digest for r in early.renditions}.keys() == {"v360", "audio"}


def test_the_early_bytes_are_the_final_ones(tmp_path: Path) -> None:
    rendered, (early,) = render(make(Clip(size="854x480", video=(*X264, "-g", "25")), tmp_path), tmp_path)
    assert rendered is not None
    assert [made.name for made in rendered.renditions] == ["v480", "v360", "v240", "audio"]
    for made in early.renditions:
        files = sorted((early.directory / made.name).iterdir())
        assert [f.name for f in files] == [f.name for f in sorted((rendered.directory / made.name).iterdir())]
        assert all(f.read_bytes() == (rendered.directory / made.name / f.name).read_bytes() for f in files)
    assert rendered.pictures.has_poster


def test_loudness_is_measured_once(tmp_path: Path) -> None:
    source = make(Clip(size="640x360", seconds=2, video=(*X264, "-g", "25")), tmp_path)
    settings = EncodingSettings(audio=AudioSettings(loudness="normalise"))
    (work := tmp_path / "work").mkdir()
    tools = MeasuringTools()
    with_tools: dict[str, Any] = {"settings": settings, "tools": tools, "binaries": BINARIES, "processors": 2}
    with_tools["on_stage"] = lambda *_stage: None

    def shortcut(found: SourceProbe, gains: Gains) -> Rendered | None:
        return render_smart_top(found, source, work, gains=gains, **with_tools)

    rendered = render_source(
        source, work, check=lambda _found: None, refine=lambda plan: plan, shortcut=shortcut, **with_tools
    )
    assert rendered.directory == work / "smart"
    assert rendered.plan.audio[0].gain_db != 0
    assert tools.measured == 1


class MeasuringTools(ToolRunner):
    """Counts the runs that measure loudness."""

    measured = 0

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        self.measured += any("ebur128" in word for word in task.argv)
        return super().run(task, on_progress=on_progress)


def test_the_storyboard_of_a_variable_rate_reaches_the_end(tmp_path: Path) -> None:
    sparse = "select='lt(n,60)+not(mod(n,5))'"  # a screen recording: after a while, little moves
    video = (*X264, "-bf", "0", *RARE, "0,3,6,9,12,15,18", "-fps_mode", "vfr")
    rendered, _ = render(
        make(Clip(size="640x360", seconds=20, sound=False, filters=sparse, video=video), tmp_path), tmp_path
    )
    assert rendered is not None
    board = rendered.pictures.storyboard
    assert board is not None
    assert board.tiles * board.interval_s >= rendered.duration_s > 19


def test_a_rung_alone_is_encoded(tmp_path: Path) -> None:
    """It is published early, but there is nothing left to save."""
    rendered, early = render(make(Clip(video=(*X264, "-g", "25")), tmp_path), tmp_path)
    assert rendered is None
    assert len(early) == 1


def test_damage_that_only_a_decoder_sees_leads_back_to_an_encode(tmp_path: Path) -> None:
    source = make(Clip(size="640x360", sound=False, video=(*X264, "-g", "25")), tmp_path)
    whole = bytearray(source.read_bytes())
    start = whole.index(b"mdat") + 4
    for at in range(start + 20_000, start + 30_000, 50):
        whole[at] ^= 0xFF
    source.write_bytes(whole)
    rendered, early = render(source, tmp_path)
    assert rendered is None  # fewer frames than the copy has
    assert len(early) == 1
