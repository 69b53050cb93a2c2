"""What a JPEG shows."""

import struct
import subprocess

from tests.media.clips import BINARIES


def raw(jpeg: bytes, filters: str) -> bytes:
    command = [BINARIES.ffmpeg, "-v", "error", "-f", "jpeg_pipe", "-i", "-", "-vf", filters]
    return subprocess.run([*command, "-f", "rawvideo", "-"], input=jpeg, capture_output=True, check=True).stdout


def pixel(jpeg: bytes, cut: str = "null") -> tuple[int, ...]:
    """The mean colour."""
    return tuple(raw(jpeg, f"{cut},scale=1:1:flags=area,format=rgb24"))


def size(jpeg: bytes) -> tuple[int, int]:
    """From the frame header."""
    at = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    height, width = struct.unpack(">HH", jpeg[at + 5 : at + 9])
    return width, height
