"""The copy of a long source cut into its chunks' pieces: its header and fragments, with nothing changed but times."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from sluice.media import fragment_times
from sluice.media.chunks import SHIFT_S
from sluice.media.copied_chunks import Stretch
from sluice.media.fragment_times import Box
from sluice.service.cutting import NotChunkable
from sluice.service.fragment_files import boxes, copy_box, read_box, units


class _Fragment(NamedTuple):
    position: int
    header: Box
    data: Box

    @property
    def first_frame(self) -> int:
        return self.position + self.header.size + self.data.header


class _Copy(NamedTuple):
    file_type: bytes
    movie: bytes
    fragments: tuple[_Fragment, ...]


def cut_copy(copy: Path, work: Path, stretches: Sequence[Stretch]) -> Iterator[Path]:
    """In order; each is deleted when the next one is asked for. Raises NotChunkable.

    A piece begins at SHIFT_S, a whole number of any clock's units. At 0, decoding would begin before it.
    """
    known = _look(copy)
    frames = [fragment.first_frame for fragment in known.fragments]
    cuts = [bisect_left(frames, stretch.offset) for stretch in stretches] + [len(frames)]
    for number, stretch in enumerate(stretches):
        own = known.fragments[cuts[number] : cuts[number + 1]]
        if not own or own[0].first_frame != stretch.offset:
            raise NotChunkable("a chunk of the copy does not begin with a fragment")
        piece = work / f"{number:04d}.mp4"
        try:
            with copy.open("rb") as file, piece.open("wb") as out:
                _write(known, own, stretch, file, out)
            yield piece
        finally:
            piece.unlink(missing_ok=True)


def _look(copy: Path) -> _Copy:
    file_type, movie = b"", b""
    fragments = []
    header: tuple[int, Box] | None = None
    for box, file in boxes(copy):
        position = file.tell()
        if box.kind == b"ftyp":
            file_type = read_box(box, file)
        elif box.kind == b"moov":
            movie = read_box(box, file)
        elif box.kind == b"moof":
            header = position, box
        elif box.kind == b"mdat" and header is not None:
            fragments.append(_Fragment(*header, box))
            header = None
    return _Copy(file_type, movie, tuple(fragments))


def _write(known: _Copy, own: Sequence[_Fragment], stretch: Stretch, file: IO[bytes], out: IO[bytes]) -> None:
    shift = units(SHIFT_S - stretch.window.start_s, fragment_times.timescale(known.movie))
    out.write(known.file_type + known.movie)
    for sequence, fragment in enumerate(own, start=1):
        file.seek(fragment.position)
        try:
            out.write(fragment_times.moved(read_box(fragment.header, file), by=shift, sequence=sequence))
        except ValueError as error:
            raise NotChunkable("the copy's frames are decoded too long before they are shown") from error
        copy_box(fragment.data, file, out)
