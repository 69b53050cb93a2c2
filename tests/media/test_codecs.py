"""Further codecs and high dynamic range: every rendition of a ladder switches where the others do."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import mean

import pytest

from sluice.domain.encoding import EncodingSettings, RungSettings, VideoCodec
from tests.media.clips import Clip, ffmpeg, make
from tests.media.conftest import Render, render_file
from tests.media.measure import assert_aligned, decoded_frames, ffprobe, joined, streams
from tests.media.tracks import measured_segments

EVERY_CODEC = EncodingSettings(
    codecs=tuple(VideoCodec),
    rungs=(RungSettings(short_side=240, max_kbps=400), RungSettings(short_side=120, max_kbps=200)),
    gop_s=1,
    segment_s=1,
    hdr="keep",
)
FAST = Clip(rate="60000/1001", size="426x240", seconds=2.5)


def hdr(transfer: str) -> Clip:
    mastered = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", f"log-level=error:{mastered}")
    return Clip(
        seconds=1,
        sound=False,
        filters=f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc,format=yuv420p10le",
        video=codec,
    )


def test_low_rungs_of_a_fast_source_have_half_its_rate_in_every_codec(render: Render) -> None:
    rendered = render(FAST, EVERY_CODEC)
    assert_aligned(rendered)
    rates = {made.name: (made.codec[:4], made.frame_rate) for made in rendered.renditions if made.kind == "video"}
    assert rates == {
        "v240": ("avc1", 59.94), "hevc240": ("hvc1", 59.94), "av240": ("av01", 59.94),
        "v120": ("avc1", 29.97), "hevc120": ("hvc1", 29.97), "av120": ("av01", 29.97),
    }  # fmt: skip
    for name, (_, rate) in rates.items():
        assert [segment.samples for segment in measured_segments(rendered.directory / name)] == (
            [60, 60, 30] if rate == 59.94 else [30, 30, 15]
        )
        if name[:2] != "av":  # the probe's ffmpeg has no AV1 decoder
            assert decoded_frames(joined(rendered, name)) == FAST.frames // (1 if rate == 59.94 else 2)


def test_a_limited_rate_shows_every_second_frame_everywhere(render: Render) -> None:
    rendered = render(FAST, EncodingSettings(max_fps=30))
    assert_aligned(rendered)
    assert rendered.plan.rate == Fraction(30000, 1001)
    assert decoded_frames(joined(rendered, "v240")) == FAST.frames / 2


@pytest.mark.parametrize(("transfer", "word"), [("smpte2084", "PQ"), ("arib-std-b67", "HLG")])
def test_a_high_dynamic_range_is_kept_beside_sdr(transfer: str, word: str, render: Render) -> None:
    rendered = render(hdr(transfer), EVERY_CODEC)
    assert_aligned(rendered)
    master = (rendered.directory / "master.m3u8").read_text()
    ranges = {
        uri: said for said, uri in re.findall(r"^#EXT-X-STREAM-INF:.*VIDEO-RANGE=(\w+).*\n(.*)$", master, re.MULTILINE)
    }
    assert ranges == {f"{made.name}.m3u8": word if made.hdr else "SDR" for made in rendered.plan.video}
    for made in rendered.plan.video:
        (stream,) = streams(joined(rendered, made.name))
        kept = ("yuv420p10le", transfer, "bt2020", "bt2020nc")
        mapped = ("yuv420p", "bt709", "bt709", "bt709")
        colours = [stream[key] for key in ("pix_fmt", "color_transfer", "color_primaries", "color_space")]
        assert tuple(colours) == (kept if made.hdr else mapped)


def test_mastering_goes_with_the_kept_range_alone(render: Render) -> None:
    rendered = render(hdr("smpte2084"), EVERY_CODEC)
    for name, expected in (("hevc240", True), ("v240", False)):
        frame, *_ = ffprobe(joined(rendered, name), "-read_intervals", "%+#1", "-show_frames")["frames"]
        kinds = [side["side_data_type"] for side in frame.get("side_data_list", [])]
        assert ("Mastering display metadata" in kinds) is expected


def test_graphics_white_is_tone_mapped(tmp_path: Path) -> None:
    """203 cd/m2 is coded as 58 % in PQ (luma 143): taken for SDR it would stay there; of 1000 cd/m2 it is lighter."""
    flat = hdr("smpte2084")
    clip = replace(flat, filters=f"drawbox=c=0x949494:t=fill,{flat.filters}")
    make(clip, tmp_path).rename(tmp_path / "source")
    (tmp_path / "out").mkdir()
    rendered = render_file(tmp_path / "source", tmp_path / "out")
    luma = [luma_of(path) for path in (tmp_path / "source", joined(rendered, "v240"))]
    assert luma[0] == pytest.approx(143, abs=2)
    assert luma[1] == pytest.approx(181, abs=8)


def luma_of(path: Path) -> float:
    """Of the first frame, 8 bits."""
    raw = path.with_name("luma.yuv")
    planes = ("-vf", "format=yuv420p,extractplanes=y", "-pix_fmt", "gray")
    ffmpeg("-i", str(path), "-frames:v", "1", *planes, "-f", "rawvideo", str(raw))
    return mean(raw.read_bytes())
