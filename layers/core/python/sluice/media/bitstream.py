"""What an H.264 stream is made of: its parameter sets and kinds of pictures, read from NAL unit headers (ITU-T H.264,
7.3.1; ISO/IEC 14496-15 for the length before each unit). Nothing is decoded."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sluice.media.fragments import Sample, Track

_SLICE, _IDR_SLICE, _SPS, _PPS = 1, 5, 7, 8
_PARTITIONS = frozenset({2, 3, 4})  # of the Extended profile, which no player has
MOST_UNITS = 1000  # of one picture: level 4.2 allows 100 slices or so; a file of empty units would take minutes


class MalformedBitstream(ValueError):
    """A picture is not made of whole NAL units."""


class Bitstream(NamedTuple):
    sequence_sets: int  # different ones, those of the header included
    picture_sets: int
    idr: tuple[bool, ...]  # of each sample: a picture that decoding can begin with, as no later one refers behind it


def read_bitstream(data: memoryview, track: Track) -> Bitstream:
    """Raises MalformedBitstream."""
    try:
        sets = _configured_sets(track.configuration)
        length_size = (track.configuration[4] & 3) + 1
        idr = tuple(_is_idr(data, sample, length_size, sets) for sample in track.samples)
    except (struct.error, IndexError) as error:
        raise MalformedBitstream("it ends early") from error
    return Bitstream(len(sets[_SPS]), len(sets[_PPS]), idr)


def _configured_sets(record: bytes) -> dict[int, set[bytes]]:
    """SPS and PPS of an AVCDecoderConfigurationRecord."""
    sets: dict[int, set[bytes]] = {_SPS: set(), _PPS: set()}
    at = 5
    for kind, mask in ((_SPS, 0x1F), (_PPS, 0xFF)):
        count = record[at] & mask
        at += 1
        for _ in range(count):
            (length,) = struct.unpack_from(">H", record, at)
            sets[kind].add(record[at + 2 : at + 2 + length])
            at += 2 + length
    return sets


def _is_idr(data: memoryview, sample: Sample, length_size: int, sets: dict[int, set[bytes]]) -> bool:
    """Adds the parameter sets that it meets to `sets`."""
    slices = set()
    for kind, start, end in _units(data, sample, length_size):
        if kind in sets:
            sets[kind].add(bytes(data[start:end]))
        elif kind in (_SLICE, _IDR_SLICE):
            slices.add(kind)
        elif kind in _PARTITIONS:
            raise MalformedBitstream("partitioned slices")
    if not slices:
        raise MalformedBitstream("a sample without a picture")
    return slices == {_IDR_SLICE}


def _units(data: memoryview, sample: Sample, length_size: int) -> Iterator[tuple[int, int, int]]:
    """Type, start and end of each NAL unit."""
    at, end = sample.offset, sample.offset + sample.size
    for _ in range(MOST_UNITS):
        start = at + length_size
        at = start + int.from_bytes(data[at:start])
        if at <= start or at > end:
            raise MalformedBitstream("a unit is empty or reaches beyond its sample")
        yield data[start] & 0x1F, start, at
        if at == end:
            return
    raise MalformedBitstream("more units than any picture has")
