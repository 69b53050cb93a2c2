"""When the samples of a finished rendition are shown: read from its boxes (ISO/IEC 14496-12), without ffprobe."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from sluice.media.fragment_times import children, find, timescale

_MOVIE_TIMESCALE_AT = (12, 20)  # in mvhd, of version 0 and 1


class MeasuredSegment(NamedTuple):
    first_pts_s: Fraction
    length_s: Fraction
    samples: int


def measured_segments(folder: Path) -> list[MeasuredSegment]:
    """Of one rendition's directory, in order. Edit lists are applied: priming samples before 0 are skipped."""
    init = (folder / "init.mp4").read_bytes()
    scale, shift = timescale(init), _edit_shift_s(init)
    return [_measured(path.read_bytes(), scale, shift) for path in sorted(folder.glob("seg-*.m4s"))]


def _edit_shift_s(init: bytes) -> Fraction:
    """What the edit list adds to every time: an empty edit delays, a media time skips."""
    try:
        start, end = find(init, b"moov", b"trak", b"edts", b"elst")
    except ValueError:
        return Fraction(0)
    movie, _ = find(init, b"moov", b"mvhd")
    (movie_scale,) = struct.unpack_from(">I", init, movie + _MOVIE_TIMESCALE_AT[init[movie]])
    form = struct.Struct(">Qqi" if init[start] == 1 else ">Iii")
    shift = Fraction(0)
    for at in range(start + 8, end, form.size):
        length, media_time, _rate = form.unpack_from(init, at)
        if media_time >= 0:
            return shift - Fraction(media_time, timescale(init))
        shift += Fraction(length, movie_scale)
    return shift


def _measured(segment: bytes, scale: int, shift_s: Fraction) -> MeasuredSegment:
    stamps: list[int] = []
    length = 0
    for box, at in children(segment, 0, len(segment)):
        if box.kind == b"moof":
            for start, duration in _samples(segment[at : at + box.size]):
                stamps.append(start)
                length += duration
    first = Fraction(min(stamps), scale) + shift_s
    skipped = max(Fraction(0), -first)
    return MeasuredSegment(first + skipped, Fraction(length, scale) - skipped, len(stamps))


def _samples(moof: bytes) -> list[tuple[int, int]]:
    """Time of showing and duration of each."""
    header, _ = find(moof, b"moof", b"traf", b"tfhd")
    flags = struct.unpack_from(">I", moof, header)[0] & 0xFFFFFF
    default = 0
    if flags & 0x8:
        before = 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
        (default,) = struct.unpack_from(">I", moof, header + 8 + before)
    times, _ = find(moof, b"moof", b"traf", b"tfdt")
    (now,) = struct.unpack_from(">Q" if moof[times] == 1 else ">I", moof, times + 4)
    found = []
    inside, end = find(moof, b"moof", b"traf")
    for box, at in children(moof, inside, end):
        if box.kind == b"trun":
            for duration, offset in _run(moof, at + box.header, default):
                found.append((now + offset, duration))
                now += duration
    return found


def _run(moof: bytes, at: int, default: int) -> list[tuple[int, int]]:
    """Duration and composition offset of each sample."""
    version, flags = moof[at], struct.unpack_from(">I", moof, at)[0] & 0xFFFFFF
    (count,) = struct.unpack_from(">I", moof, at + 4)
    at += 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    kinds = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    form = struct.Struct(">" + "".join("i" if bit == 0x800 and version else "I" for bit in kinds))
    rows = [dict(zip(kinds, form.unpack_from(moof, at + n * form.size), strict=True)) for n in range(count)]
    return [(row.get(0x100, default), row.get(0x800, 0)) for row in rows]
