"""Chunks of one rendition become one file without encoding anything again: one header, and all fragments moved."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from sluice.domain.errors import ProviderFailure
from sluice.media import fragment_times
from sluice.service.fragment_files import boxes, copy_box, read_box, units


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
            for box, file in boxes(part.path):
                if box.kind == b"moov":
                    moov = read_box(box, file)
                    if header not in (None, moov):
                        raise ProviderFailure("The chunks of the video do not fit together.")
                    shift = units(part.start_s, fragment_times.timescale(moov))
                    if header is None:
                        out.write(moov)
                    header = moov
                elif box.kind == b"moof":
                    if shift is None:
                        raise ProviderFailure("A chunk of the video has no header.")
                    sequence += 1
                    out.write(fragment_times.moved(read_box(box, file), by=shift, sequence=sequence))
                elif box.kind == b"mdat" or (box.kind == b"ftyp" and header is None):
                    copy_box(box, file, out)
