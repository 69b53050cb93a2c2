"""Small files that cost much: memory, processor time or disk out of all proportion."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.media.clips import ffmpeg
from tests.media.hostile.boxes import Movie, box, element, matroska, matroska_track, u32

JPEG = b"\xff\xd8\xff\xdb" + bytes(60)


@dataclass(frozen=True)
class Bomb:
    name: str
    make: Callable[[Path], bytes]  # in an empty folder
    codes: tuple[str, ...]  # the verdicts that fit


def encoded(suffix: str, *options: str, filters: str = "null", size: str = "160x90") -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        path = folder / f"bomb{suffix}"
        source = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=1")
        ffmpeg(*source, "-vf", filters, "-fps_mode", "passthrough", *options, str(path))
        return path.read_bytes()

    return make


def movie(**what: int | tuple[int, int]) -> Callable[[Path], bytes]:
    shape = {"samples": 25, "sample_size": 64, **what}
    return lambda _folder: Movie(media=JPEG * 25, **shape).build()  # type: ignore[arg-type]


def nested_boxes(_folder: Path) -> bytes:
    inner = b""
    for _ in range(50_000):
        inner = u32(8 + len(inner)) + b"moov" + inner if len(inner) < 400_000 else inner
    return box(b"ftyp", b"qt  ", u32(0), b"qt  ") + inner


def nested_elements(_folder: Path) -> bytes:
    """Chapters within chapters: the one Matroska element that may hold itself, besides tags."""
    inner = b""
    for _ in range(2_000):
        inner = element("B6", inner)
    return matroska(element("1654AE6B", matroska_track(1)), element("1043A770", element("45B9", inner)))


def huge_sizes(_folder: Path) -> bytes:
    """Boxes that claim gigabytes, in 32 and in 64 bits."""
    large = u32(1) + b"trak" + u32(0x7FFFFFFF, 0xFFFFFFF0)
    return box(b"ftyp", b"qt  ", u32(0), b"qt  ") + box(b"moov", box(b"udta", size=0x7FFFFFFF), large, size=0xFFFFFFFE)


def many_matroska_tracks(_folder: Path) -> bytes:
    tracks = b"".join(matroska_track(number) for number in range(1, 5_000))
    cluster = element("1F43B675", element("E7", b"\0"), element("A3", b"\x81\0\0\x80" + JPEG))
    return matroska(element("1654AE6B", tracks), cluster)


def lying_length(folder: Path) -> bytes:
    """Matroska: says 1 s, jumps to 20,000 s."""
    whole = bytearray(encoded(".mkv", *H264, filters=jump(20_000))(folder))
    at = whole.index(b"\x44\x89\x88") + 3
    whole[at : at + 8] = struct.pack(">d", 1000.0)
    return bytes(whole)


def jump(seconds: int) -> str:
    return f"setpts=PTS+gte(N\\,10)*{seconds}/TB"


H264 = ("-c:v", "libx264", "-preset", "ultrafast")
CORRUPT, GAP = ("input.corrupt",), ("input.timestamp_gap",)
HUGE = ("-c:v", "png", "-frames:v", "1")

BOMBS = (
    Bomb("gap_mp4", encoded(".mp4", *H264, filters=jump(20_000)), GAP),
    Bomb("gap_mkv", encoded(".mkv", *H264, filters=jump(20_000)), GAP),
    Bomb("gap_ts", encoded(".ts", "-c:v", "mpeg2video", filters=jump(20_000)), GAP),
    Bomb("gap_flv", encoded(".flv", *H264, filters=jump(20_000)), GAP),
    Bomb("gap_denied", lying_length, CORRUPT),
    Bomb("days", encoded(".mkv", *H264, filters=jump(500_000)), ("input.too_long",)),
    Bomb("pixels_png", encoded(".mov", *HUGE, size="16000x16000"), ("input.too_large",)),
    Bomb("pixels_claimed", movie(size=(65_535, 65_535)), ("input.corrupt", "input.too_large")),
    Bomb("tracks_mov", movie(tracks=5_000), CORRUPT),
    Bomb("tracks_mkv", many_matroska_tracks, CORRUPT),
    Bomb("sizes", huge_sizes, ("input.corrupt", "input.no_streams")),
    Bomb("nested_boxes", nested_boxes, ("input.corrupt", "input.no_streams")),
    Bomb("nested_elements", nested_elements, ("input.corrupt", "input.no_streams")),
    Bomb("samples_64m", movie(samples=1 << 26, sample_size=1, scale=6_000_000), CORRUPT),
    Bomb("samples_256m", movie(samples=1 << 28, sample_size=1, scale=6_000_000), CORRUPT),
    Bomb("samples_4g", movie(samples=0xFFFFFFFF, sample_size=1, scale=0x7FFFFFFF), CORRUPT),
    Bomb("samples_without_time", movie(samples=1 << 24, sample_size=1, step=0, length=25), CORRUPT),
    Bomb("no_time_passes", movie(step=0, length=0), CORRUPT),
    Bomb("no_scale", movie(scale=0), CORRUPT),
)  # fmt: skip
