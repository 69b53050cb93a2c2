"""One frame of a published rendition, or a picture that was sent, as a JPEG of our own making: pure.

Whatever came in is decoded and encoded anew, so that no bytes of it, no place and no camera reach a viewer.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sluice.domain.renditions import Rendition
from sluice.media.ffmpeg import NO_METADATA
from sluice.media.untrusted import MAX_PIXELS, PROTOCOLS

RESULT = "thumbnail.jpg"
LONG_SIDE = 1920
HEAD_BYTES = 3
_JPEG = b"\xff\xd8\xff"
_GRID = 25  # Hz: any will do, as its first point is the wanted time
_MAP = re.compile(r'^#EXT-X-MAP:URI="([^"]+)"', re.MULTILINE)
_SEGMENT = re.compile(r"^#EXTINF:([0-9.]+),[^\n]*\n([^#\n][^\n]*)", re.MULTILINE)


class FramePlace(NamedTuple):
    initialization: str  # as the playlist names it
    segment: str
    at_s: float  # in the segment


def looks_like_jpeg(head: bytes) -> bool:
    return head.startswith(_JPEG)


def source_of(renditions: Sequence[Rendition]) -> Rendition | None:
    """The largest H.264 one: there is one in every ladder, and the layer's ffmpeg has no decoder for AV1."""
    known = [made for made in renditions if made.kind == "video" and made.codec.startswith("avc1")]
    return max(known, key=lambda made: (made.width or 0) * (made.height or 0), default=None)


def find_frame(playlist: str, time_s: float) -> FramePlace | None:
    """In an HLS media playlist. Sound may outlast the picture: behind the last segment its last frame is shown."""
    initialization = _MAP.search(playlist)
    start, place = 0.0, None
    for duration, name in _SEGMENT.findall(playlist):
        if initialization and (place is None or time_s >= start):
            place = FramePlace(initialization[1], name, time_s - start)
        start += float(duration)
    return place


def frame_argv(ffmpeg: str, file: str, at_s: float) -> list[str]:
    """The frame that is shown `at_s` after the first one of `file`, an initialization with one segment."""
    shown = [
        "tpad=stop=-1:stop_mode=clone",  # the last frame stays
        f"fps={_GRID}:start_time={at_s:.6f}:round=up",  # the last frame that is not after the time
        "trim=end_frame=1",
    ]
    return _argv(ffmpeg, ["-format_whitelist", "mov", "-f", "mov", "-i", file], shown)


def picture_argv(ffmpeg: str, file: str) -> list[str]:
    """ffmpeg turns the picture as its EXIF says, before anything else."""
    return _argv(ffmpeg, ["-format_whitelist", "jpeg_pipe", "-f", "jpeg_pipe", "-i", file], [])


def _argv(ffmpeg: str, source: list[str], shown: list[str]) -> list[str]:
    shrink = f"min(1,{LONG_SIDE}/max(iw*sar,ih))"
    steps = [
        *shown,
        f"scale=w='max(2,2*round({shrink}*iw*sar/2))':h='max(2,2*round({shrink}*ih/2))'",
        "setsar=1",
        "format=yuvj420p",  # what every browser shows; a source may be grey, CMYK or 4:4:4
    ]
    return [
        ffmpeg, "-hide_banner", "-nostdin", "-y", "-v", "warning",
        "-protocol_whitelist", PROTOCOLS, "-max_pixels", str(MAX_PIXELS), *source,
        "-map", "0:v:0", "-vf", ",".join(steps), "-frames:v", "1",
        "-fps_mode", "passthrough", "-q:v", "3", *NO_METADATA,
        "-f", "image2", "-update", "1", RESULT,  # one file, whose name is no pattern
    ]  # fmt: skip
