"""Fragmented MP4 as far as joining needs it (ISO/IEC 14496-12): boxes, the time scale, and fragments moved in time."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

HEADER_BYTES = 16  # the longest header of a box: size, type, 64-bit size


class Box(NamedTuple):
    kind: bytes
    size: int  # header included
    header: int  # bytes before the content


def parse_header(head: bytes) -> Box:
    """`head`: at least 8 bytes, 16 if there are that many. Raises ValueError for a box without an end or of none."""
    size, kind = struct.unpack_from(">I4s", head)
    header = 8
    if size == 1:
        (size,), header = struct.unpack_from(">Q", head, 8), 16
    if size < header:
        raise ValueError(f"a box of {size} bytes")
    return Box(kind, size, header)


def children(data: bytes, start: int, end: int) -> Iterator[tuple[Box, int]]:
    """Each box between the two positions, with its position."""
    while start < end:
        box = parse_header(data[start : start + HEADER_BYTES])
        yield box, start
        start += box.size


def find(data: bytes, *path: bytes) -> tuple[int, int]:
    """Where the content of the first box at this path begins and ends. Raises ValueError if there is none."""
    start, end = 0, len(data)
    for kind in path:
        for box, at in children(data, start, end):
            if box.kind == kind:
                start, end = at + box.header, at + box.size
                break
        else:
            raise ValueError(f"no {kind.decode(errors='replace')} box")
    return start, end


def timescale(moov: bytes) -> int:
    """Units per second of the first track. `moov`: the whole box."""
    start, _ = find(moov, b"moov", b"trak", b"mdia", b"mdhd")
    position = start + (20 if moov[start] == 1 else 12)  # after version, flags and two times of 64 or 32 bits
    return int(struct.unpack_from(">I", moov, position)[0])


def delay(moov: bytes) -> int:
    """Units from the first frame's time of decoding to that of showing: what the edit list of a header takes off."""
    at = _media_time(moov)
    return 0 if at is None else int(struct.unpack_from(">i", moov, at)[0])


def without_delay(moov: bytes) -> bytes:
    at, made = _media_time(moov), bytearray(moov)
    if at is not None:
        struct.pack_into(">i", made, at, 0)
    return bytes(made)


def _media_time(moov: bytes) -> int | None:
    """Where it stands, in an edit list of one entry with numbers of 32 bits, as ffmpeg writes it."""
    try:
        start, _ = find(moov, b"moov", b"trak", b"edts", b"elst")
    except ValueError:
        return None
    version, entries = moov[start], struct.unpack_from(">I", moov, start + 4)[0]
    return start + 12 if (version, entries) == (0, 1) else None


def moved(moof: bytes, *, by: int, sequence: int) -> bytes:
    """The fragment's header `by` units later; its data must be addressed from the header (default-base-is-moof).

    Raises ValueError for a time below zero.
    """
    made = bytearray(moof)
    start, _ = find(moof, b"moof", b"mfhd")
    struct.pack_into(">I", made, start + 4, sequence)
    start, _ = find(moof, b"moof", b"traf", b"tfdt")
    form = ">Q" if moof[start] == 1 else ">I"
    (time,) = struct.unpack_from(form, moof, start + 4)
    if time + by < 0:
        raise ValueError("a fragment before the beginning")
    struct.pack_into(form, made, start + 4, time + by)
    return bytes(made)
