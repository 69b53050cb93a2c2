"""The samples of a fragmented MP4 with one track, read from its boxes (ISO/IEC 14496-12) without any outside program.

Only for files that our own stream copy wrote: it knows the boxes that ffmpeg's muxer writes, and no others.
"""

import struct
from collections.abc import Generator, Iterator
from typing import NamedTuple

_NOT_SYNC = 0x10000  # sample_is_non_sync_sample
_ENTRY_HEADER = 8  # version, flags and number of entries, before the first sample entry
_VISUAL_SAMPLE_ENTRY = 78  # fixed fields before the boxes of a video sample entry


class MalformedFragments(ValueError):
    """Not what ffmpeg's muxer writes."""


class Sample(NamedTuple):
    pts: int  # in the track's timescale; the first picture of a stream with B-frames is not at 0
    sync: bool
    offset: int  # in the file
    size: int


class Track(NamedTuple):
    timescale: int
    configuration: bytes  # AVCDecoderConfigurationRecord
    samples: tuple[Sample, ...]  # in order of decoding


class _Box(NamedTuple):
    kind: bytes
    start: int  # of its content
    end: int


class _Defaults(NamedTuple):
    duration: int
    size: int
    flags: int


def read_track(data: memoryview) -> Track:
    """Raises MalformedFragments."""
    try:
        return _read_track(data)
    except (struct.error, IndexError, KeyError) as error:
        raise MalformedFragments("a box ends early or is missing") from error


def keyframes(track: Track) -> tuple[int, ...]:
    """Their numbers in order of presentation."""
    shown = sorted(track.samples)
    return tuple(number for number, sample in enumerate(shown) if sample.sync)


def length_s(track: Track) -> float:
    """From the first picture to the end of the last one, which is shown as long as the one before it."""
    stamps = sorted(sample.pts for sample in track.samples)
    last_step = stamps[-1] - stamps[-2] if len(stamps) > 1 else 0
    return (stamps[-1] + last_step - stamps[0]) / track.timescale


def _read_track(data: memoryview) -> Track:
    timescale, configuration = None, None
    samples: list[Sample] = []
    for box in _boxes(data, 0, len(data)):
        if box.kind == b"moov":
            timescale, configuration = _read_header(data, box)
        elif box.kind == b"moof":
            samples += _read_fragment(data, box)
    if timescale is None or configuration is None or not samples:
        raise MalformedFragments("no H.264 track with fragments")
    return Track(timescale, configuration, tuple(samples))


def _read_header(data: memoryview, moov: _Box) -> tuple[int, bytes]:
    media = _descend(data, moov, b"trak", b"mdia")
    header = _descend(data, media, b"mdhd")
    at = header.start + (20 if data[header.start] == 1 else 12)
    (timescale,) = struct.unpack_from(">I", data, at)
    descriptions = _descend(data, media, b"minf", b"stbl", b"stsd")
    entry = _named(data, descriptions.start + _ENTRY_HEADER, descriptions.end, b"avc1")
    record = _named(data, entry.start + _VISUAL_SAMPLE_ENTRY, entry.end, b"avcC")
    return timescale, bytes(data[record.start : record.end])


def _read_fragment(data: memoryview, moof: _Box) -> Iterator[Sample]:
    for traf in _boxes(data, moof.start, moof.end):
        if traf.kind != b"traf":
            continue
        defaults = _read_defaults(data, _descend(data, traf, b"tfhd"))
        times = _descend(data, traf, b"tfdt")
        (decode_time,) = struct.unpack_from(">Q" if data[times.start] == 1 else ">I", data, times.start + 4)
        for run in _boxes(data, traf.start, traf.end):
            if run.kind == b"trun":
                moof_at = moof.start - 8  # ffmpeg writes this box with a size of 32 bits
                decode_time = yield from _read_run(data, run, defaults, moof_at, decode_time)


def _read_defaults(data: memoryview, tfhd: _Box) -> _Defaults:
    flags = _flags(data, tfhd)
    if flags & 0x1 or not flags & 0x20000:
        raise MalformedFragments("offsets do not count from their fragment")
    at = tfhd.start + 8 + (4 if flags & 0x2 else 0)  # past the track's number and a sample description's
    values = []
    for bit in (0x8, 0x10, 0x20):
        values.append(struct.unpack_from(">I", data, at)[0] if flags & bit else 0)
        at += 4 if flags & bit else 0
    return _Defaults(*values)


def _read_run(
    data: memoryview, run: _Box, defaults: _Defaults, moof_at: int, decode_time: int
) -> Generator[Sample, None, int]:
    """Returns the decode time after its last sample."""
    flags = _flags(data, run)
    (count, offset) = struct.unpack_from(">Ii", data, run.start + 4)  # ffmpeg always writes the offset
    at = run.start + 12
    first_flags = None
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", data, at)
        at += 4
    present = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    entry = struct.Struct(">" + "".join("i" if bit == 0x800 else "I" for bit in present))
    offset += moof_at
    for number in range(count):
        fields = dict(zip(present, entry.unpack_from(data, at + number * entry.size), strict=True))
        size = fields.get(0x200, defaults.size)
        own_flags = first_flags if number == 0 and first_flags is not None else fields.get(0x400, defaults.flags)
        yield Sample(decode_time + fields.get(0x800, 0), not own_flags & _NOT_SYNC, offset, size)
        offset += size
        decode_time += fields.get(0x100, defaults.duration)
    return decode_time


def _flags(data: memoryview, box: _Box) -> int:
    word: int = struct.unpack_from(">I", data, box.start)[0]
    return word & 0xFFFFFF


def _descend(data: memoryview, parent: _Box, *kinds: bytes) -> _Box:
    for kind in kinds:
        parent = _named(data, parent.start, parent.end, kind)
    return parent


def _named(data: memoryview, start: int, end: int, kind: bytes) -> _Box:
    for box in _boxes(data, start, end):
        if box.kind == kind:
            return box
    raise KeyError(kind)


def _boxes(data: memoryview, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        if size < body - start or start + size > end:
            raise MalformedFragments("a box reaches beyond its parent")
        yield _Box(kind, body, start + size)
        start += size
