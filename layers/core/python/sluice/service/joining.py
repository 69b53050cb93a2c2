"""Chunks of one rendition become one file without encoding anything again: one header, and all fragments moved."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import IO, NamedTuple

from sluice.domain.errors import ProviderFailure
from sluice.media import fragment_times
from sluice.media.fragment_times import Box

LONGEST_HEADER_BYTES = 1 << 24  # `moov` and `moof` of our own encoder hold some kilobytes
COPY_BYTES = 1 << 20


class Part(NamedTuple):
    path: Path
    start_s: Fraction  # of its first frame within the whole


def join(parts: Sequence[Part], target: Path) -> None:
    """Raises ProviderFailure if the parts do not belong together."""
    header: bytes | None = None
    sequence = 0
    with target.open("wb") as out:
        for part in parts:
            shift: int | None = None
            for box, file in _boxes(part.path):
                if box.kind == b"moov":
                    moov = _read(box, file)
                    if header not in (None, moov):
                        raise ProviderFailure("The chunks of the video do not fit together.")
                    shift = _units(part.start_s, fragment_times.timescale(moov))
                    if header is None:
                        out.write(moov)
                    header = moov
                elif box.kind == b"moof":
                    if shift is None:
                        raise ProviderFailure("A chunk of the video has no header.")
                    sequence += 1
                    out.write(fragment_times.moved(_read(box, file), by=shift, sequence=sequence))
                elif box.kind == b"mdat" or (box.kind == b"ftyp" and header is None):
                    _copy(box, file, out)


def _boxes(path: Path) -> Iterator[tuple[Box, IO[bytes]]]:
    """Each box of the file, which then stands at the box's first byte."""
    length, position = path.stat().st_size, 0
    with path.open("rb") as file:
        while position < length:
            file.seek(position)
            box = fragment_times.parse_header(file.read(fragment_times.HEADER_BYTES))
            if position + box.size > length:
                raise ProviderFailure("A chunk of the video is incomplete.")
            file.seek(position)
            yield box, file
            position += box.size


def _read(box: Box, file: IO[bytes]) -> bytes:
    if box.size > LONGEST_HEADER_BYTES:
        raise ProviderFailure("A chunk of the video could not be read.")
    return file.read(box.size)


def _copy(box: Box, file: IO[bytes], out: IO[bytes]) -> None:
    left = box.size
    while left and (block := file.read(min(left, COPY_BYTES))):
        out.write(block)
        left -= len(block)


def _units(start_s: Fraction, timescale: int) -> int:
    units = start_s * timescale
    if units.denominator != 1:
        raise ProviderFailure("A chunk of the video does not begin at a frame.")
    return units.numerator
