"""Frame rates that are not simply constant, and clocks that round."""

from fractions import Fraction
from pathlib import Path

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.tools import ToolLimits, ToolTask
from sluice.media import packager
from sluice.media.playlists import segment_durations_s
from tests.media.clips import BINARIES, Clip, ffmpeg, make
from tests.media.conftest import Render, probe_file, render_file
from tests.media.measure import decoded_frames, frames, joined


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "30", "60000/1001"])
def test_a_clock_in_milliseconds_hides_no_constant_rate(rate: str, render: Render) -> None:
    """Matroska rounds timestamps: 33, 33, 34."""
    clip = Clip(rate=rate, seconds=7, suffix=".mkv", sound=False, size="320x240")
    rendered = render(clip)
    video = rendered.plan.source.video
    assert video is not None
    assert (video.rate, video.variable_rate) == (Fraction(rate), False)
    assert decoded_frames(joined(rendered, "v240")) == clip.frames


def test_b_frames_and_a_late_start_lose_nothing(tmp_path: Path) -> None:
    """MPEG-TS: no count, no index, timestamps from 1.4 s, picture and sound not beginning together."""
    clip = Clip(rate="25", seconds=7, suffix=".ts", size="320x240", video=("-c:v", "libx264", "-preset", "fast"))
    make(clip, tmp_path).rename(tmp_path / "source")
    (tmp_path / "out").mkdir()
    rendered = render_file(tmp_path / "source", tmp_path / "out")
    assert decoded_frames(joined(rendered, "v240")) == clip.frames
    assert frames(joined(rendered, "v240"))[0].pts_s == pytest.approx(0, abs=0.001)


def test_a_variable_rate_becomes_the_nominal_one(tmp_path: Path) -> None:
    """A phone's 30 frames/s that drops every fifth frame, then pauses: same length, even steps."""
    dropped = "select='mod(n,5)',select='not(between(t,2,2.5))'"
    clip = Clip(rate="30", seconds=6, filters=dropped, output=("-fps_mode", "vfr"), size="320x240")
    make(clip, tmp_path).rename(tmp_path / "source")
    found = probe_file(tmp_path / "source", tmp_path)
    assert found.video is not None
    assert found.video.variable_rate
    assert found.video.rate == 30
    (tmp_path / "out").mkdir()
    rendered = render_file(tmp_path / "source", tmp_path / "out")
    times = [frame.pts_s for frame in frames(joined(rendered, "v240"))]
    steps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert steps == [pytest.approx(1 / 30, abs=2e-6)] * len(steps)
    assert rendered.duration_s == pytest.approx(6, abs=2 / 30)


def test_a_high_rate_is_halved(render: Render) -> None:
    rendered = render(Clip(rate="120", seconds=2, size="320x240"))
    assert rendered.plan.source.video is not None
    assert rendered.plan.source.video.rate == 60
    assert rendered.frames == 120


def test_half_an_hour_at_23_976_has_no_short_segment(tmp_path: Path, render: Render) -> None:
    """With `--segment_duration 6` the cut drifts by 6 ms a segment, until one of them has two GOPs instead of three."""
    one = render(Clip(rate="24000/1001", size="640x360", seconds=13.5))
    gop, segment_s = one.plan.gop_frames, 6.006
    assert gop == 48
    two_gops = ("-frames:v", str(2 * gop), "-g", str(gop), "-sc_threshold", "0", "-preset", "ultrafast")
    still = f"testsrc2=size=64x36:rate={Fraction(24000, 1001)}"
    ffmpeg("-f", "lavfi", "-i", still, "-c:v", "libx264", *two_gops, "-bf", "0", str(tmp_path / "short.mp4"))
    fragmented = ("-movflags", "+frag_keyframe+delay_moov+default_base_moof")
    copied = ("-stream_loop", "600", "-i", str(tmp_path / "short.mp4"), "-c", "copy")
    ffmpeg(*copied, *fragmented, str(tmp_path / "long.mp4"))
    plan = one.plan.model_copy(update={"audio": (), "video": one.plan.video[:1]})
    name = plan.video[0].name
    argv = packager.package_argv(BINARIES.packager, plan, {name: "long.mp4"})
    ToolRunner().run(ToolTask(argv=tuple(argv), cwd=tmp_path, limits=ToolLimits(deadline_s=120)))
    *full, _ = segment_durations_s((tmp_path / f"{name}.m3u8").read_text())
    assert len(full) > 390
    assert full == [pytest.approx(segment_s, abs=0.0011)] * len(full)
