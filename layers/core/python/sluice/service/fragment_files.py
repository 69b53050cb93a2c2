"""Fragmented MP4 files box by box: what joining and cutting have in common."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO

from sluice.domain.errors import ProviderFailure
from sluice.media import fragment_times
from sluice.media.fragment_times import Box

LONGEST_HEADER_BYTES = 1 << 24  # `moov` and `moof` of our own encoder hold some kilobytes
COPY_BYTES = 1 << 20


class NotJoinable(ProviderFailure):
    """Whole files that do not belong together: another try would end the same."""


def boxes(path: Path) -> Iterator[tuple[Box, IO[bytes]]]:
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


def read_box(box: Box, file: IO[bytes]) -> bytes:
    if box.size > LONGEST_HEADER_BYTES:
        raise ProviderFailure("A chunk of the video could not be read.")
    return file.read(box.size)


def copy_box(box: Box, file: IO[bytes], out: IO[bytes]) -> None:
    left = box.size
    while left and (block := file.read(min(left, COPY_BYTES))):
        out.write(block)
        left -= len(block)


def units(moment_s: Fraction, timescale: int) -> int:
    """Raises NotJoinable."""
    count = moment_s * timescale
    if count.denominator != 1:
        raise NotJoinable("A chunk of the video does not begin at a frame.")
    return count.numerator
