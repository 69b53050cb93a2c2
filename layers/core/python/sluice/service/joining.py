"""Chunks of one rendition become one file without encoding anything again: one header, and all fragments moved."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from sluice.media import fragment_times
from sluice.service.fragment_files import NotJoinable, boxes, copy_box, read_box, units


class Part(NamedTuple):
    path: Path
    start_s: Fraction  # of its first frame within the whole


def join(parts: Sequence[Part], target: Path) -> None:
    """Raises NotJoinable if the parts do not belong together, ProviderFailure if one cannot be read."""
    header: bytes | None = None
    sequence = 0
    with target.open("wb") as out:
        for part in parts:
            shift: int | None = None
            for box, file in boxes(part.path):
                if box.kind == b"moov":
                    moov = read_box(box, file)
                    if header is None:
                        header = moov
                        out.write(moov)
                    shift = _delay(header, moov) + units(part.start_s, fragment_times.timescale(moov))
                elif box.kind == b"moof":
                    if shift is None:
                        raise NotJoinable("A chunk of the video has no header.")
                    sequence += 1
                    out.write(fragment_times.moved(read_box(box, file), by=shift, sequence=sequence))
                elif box.kind == b"mdat" or (box.kind == b"ftyp" and header is None):
                    copy_box(box, file, out)


def _delay(header: bytes, moov: bytes) -> int:
    """Units by which a chunk's frames would be shown too early under the first one's header.

    Where times are rounded, so is the one that a chunk's B-frames take to be decoded ahead.
    """
    if fragment_times.without_delay(moov) != fragment_times.without_delay(header):
        raise NotJoinable("The chunks of the video do not fit together.")
    return fragment_times.delay(header) - fragment_times.delay(moov)
