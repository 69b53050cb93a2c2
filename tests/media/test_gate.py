"""Which sources are published as a copy: files that pass, and for each rule a file that breaks it alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import EncodingSettings
from sluice.media.gate import Refusal
from sluice.service import early as service_early
from sluice.service.early import EarlyRendered, Refused, render_early
from tests.media.clips import BINARIES, Clip, ffmpeg, make
from tests.media.conftest import probe_file
from tests.media.measure import decoded_frames, first_pts_s

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "38", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p")
Source = Callable[[Path], Path]


def early(source: Path, folder: Path, settings: EncodingSettings | None = None) -> EarlyRendered | Refused:
    work = folder / "work"
    work.mkdir()
    found = probe_file(source, work)
    return render_early(source, work, found, settings or EncodingSettings(), tools=ToolRunner(), binaries=BINARIES)


def encoded(*more: str, **fields: object) -> Source:
    clip = Clip(**{"seconds": 2, "sound": False, "video": (*X264, *more), **fields})  # type: ignore[arg-type]
    return lambda folder: make(clip, folder)


def remuxed(*output: str, before: tuple[str, ...] = (), suffix: str = ".mp4", source: Source | None = None) -> Source:
    def build(folder: Path) -> Path:
        path = folder / f"remuxed{suffix}"
        ffmpeg(*before, "-i", str((source or encoded())(folder)), "-c", "copy", *output, str(path))
        return path

    return build


def patched(find: bytes, at: int, to: bytes) -> Source:
    """The standard file with bytes overwritten, counted from the first `find`."""

    def build(folder: Path) -> Path:
        path = encoded()(folder)
        whole = bytearray(path.read_bytes())
        start = whole.index(find) + at
        whole[start : start + len(to)] = to
        path.write_bytes(whole)
        return path

    return build


def two_parameter_sets(folder: Path) -> Path:
    """Two encodes joined: the second brings its own sets inside the stream."""
    parts = []
    for number, extra in enumerate((("-refs", "1"), ("-refs", "4", "-coder", "0"))):
        (folder / str(number)).mkdir()
        parts.append(encoded("-bf", "0", *extra, suffix=".h264", seconds=1)(folder / str(number)).read_bytes())
    (folder / "joined.h264").write_bytes(b"".join(parts))
    ffmpeg("-r", "25", "-i", str(folder / "joined.h264"), "-c", "copy", str(folder / "joined.mp4"))
    return folder / "joined.mp4"


IRREGULAR = {"filters": "select=not(eq(mod(n\\,7)\\,3))", "output": ("-fps_mode", "vfr")}

BROKEN: dict[str, tuple[Refusal, Source]] = {
    "sound_alone": (Refusal.NO_PICTURE, lambda folder: make(Clip(seconds=1, picture=False), folder)),
    "transport_stream": (Refusal.CONTAINER, remuxed(suffix=".ts")),
    "mpeg4": (Refusal.CODEC, encoded("-c:v", "mpeg4")),
    "lossless": (Refusal.PROFILE, encoded("-crf", "0", filters="drawbox=t=fill")),
    "4:2:2": (Refusal.SAMPLING, encoded("-pix_fmt", "yuv422p")),
    "10_bit": (Refusal.SAMPLING, encoded("-pix_fmt", "yuv420p10le")),
    "full_range": (Refusal.SAMPLING, encoded("-pix_fmt", "yuvj420p")),
    "hlg": (Refusal.HDR, encoded("-x264-params", "transfer=arib-std-b67")),
    "level_5": (Refusal.LEVEL, encoded("-level", "5.0")),
    "interlaced": (Refusal.INTERLACED, encoded("-flags", "+ildct+ilme", "-x264-params", "interlaced=1")),
    "rotated": (Refusal.ROTATED, remuxed(before=("-display_rotation", "90"))),
    "mirrored": (Refusal.ROTATED, remuxed(before=("-display_hflip",))),
    "wide_pixels": (Refusal.PIXEL_SHAPE, encoded(size="1440x1080", filters="setsar=4/3", seconds=1)),
    "100_frames_a_second": (Refusal.RATE, encoded("-bf", "0", rate="100")),
    "between_rungs": (Refusal.SIZE, encoded(size="480x270")),
    "cut_at_its_start": (Refusal.DISCARDED_PACKETS, remuxed(before=("-ss", "0.5"))),
    "cut_at_its_end": (Refusal.DISCARDED_PACKETS, patched(b"elst", 12, (1000).to_bytes(4, "big"))),
    "doubled_time": (Refusal.DUPLICATE_PTS, remuxed("-bsf:v", "setts=pts=PTS-512*eq(N\\,20)")),
    "irregular": (Refusal.VARIABLE_RATE, encoded(**IRREGULAR)),
    "damaged": (Refusal.DAMAGED, patched(b"mdat", 4, b"\xff\xff")),
    "two_parameter_sets": (Refusal.PARAMETER_SETS, two_parameter_sets),
    "open_gop": (Refusal.OPEN_GOP, encoded("-x264-params", "open-gop=1")),
    "rare_keyframes": (Refusal.SEGMENT_LENGTH, encoded("-g", "250", rate="5", seconds=11)),
    "too_many_bits": (Refusal.PEAK, encoded("-crf", "10", filters="noise=alls=60:allf=t")),
}  # fmt: skip


@pytest.mark.parametrize(("refusal", "source"), BROKEN.values(), ids=BROKEN)
def test_refused(refusal: Refusal, source: Source, tmp_path: Path) -> None:
    assert early(source(tmp_path), tmp_path) == Refused(refusal)


@pytest.mark.parametrize("limit", ["PACKETS_ANSWER_BYTES", "PACKETS_DEADLINE_S"])
def test_a_source_with_too_many_packets_to_look_at_is_encoded(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = encoded()(tmp_path)
    monkeypatch.setattr(service_early, limit, 0)
    assert early(source, tmp_path) == Refused(Refusal.TOO_LONG)


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (EncodingSettings(passthrough="never"), Refusal.SETTINGS),
        (EncodingSettings(max_fps=12.5), Refusal.RATE),
        (EncodingSettings(max_kbps=20), Refusal.PEAK),
        (EncodingSettings(max_height=180), Refusal.SIZE),
    ],
)
def test_a_profile_can_ask_for_an_encode(settings: EncodingSettings, refusal: Refusal, tmp_path: Path) -> None:
    assert early(encoded()(tmp_path), tmp_path, settings) == Refused(refusal)


@pytest.mark.parametrize(
    "source",
    [
        encoded(sound=True, rate="30000/1001"),
        remuxed(suffix=".mkv", source=encoded(sound=True, rate="30000/1001")),
        encoded("-bf", "0", **IRREGULAR),
        encoded("-profile:v", "baseline", "-bf", "0"),
        # begins at 0.08 s, as files do whose muxer writes no edit list
        remuxed("-use_editlist", "0", source=encoded(sound=True)),
        encoded(sound=True, output=("-ac", "1")),
    ],
    ids=["mp4", "matroska", "irregular_without_b_frames", "baseline", "late", "mono"],
)
def test_passes(source: Source, tmp_path: Path) -> None:
    result = early(source(tmp_path), tmp_path)
    assert isinstance(result, EarlyRendered)
    for rendition in result.renditions:
        files = [result.directory / rendition.name / "init.mp4"]
        files += sorted((result.directory / rendition.name).glob("seg-*.m4s"))
        whole = tmp_path / "whole.mp4"
        whole.write_bytes(b"".join(file.read_bytes() for file in files))
        if rendition.kind == "video":
            assert decoded_frames(whole) == result.frames
            assert first_pts_s(whole, "v:0") == 0
        else:
            assert first_pts_s(whole, "a:0") == pytest.approx(0, abs=0.024)
    assert result.duration_s == pytest.approx(2, abs=0.05)


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    source = encoded(sound=True)(tmp_path)
    digests = []
    for number in range(2):
        (folder := tmp_path / str(number)).mkdir()
        result = early(source, folder)
        assert isinstance(result, EarlyRendered)
        digests.append([rendition.digest for rendition in result.renditions])
    assert digests[0] == digests[1]
    assert None not in digests[0]
