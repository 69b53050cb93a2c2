"""A long source's copy in chunks: which segments each holds. Pure.

Every segment begins at a keyframe of the source, and no frame refers across it. So a piece holds no more than its
chunk, and what is encoded from it has the frames of one run.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from sluice.media.chunks import MAX_CHUNKS, Window
from sluice.media.gate import Segment
from sluice.media.grid import exact


class Stretch(NamedTuple):
    window: Window
    frames: int  # of the copy
    offset: int  # of its first frame in the copy's file


def plan_stretches(segments: Sequence[Segment], *, chunk_s: float) -> tuple[Stretch, ...]:
    """In order: as many whole segments as `chunk_s` holds, at least one. A tail shorter than half belongs to the chunk
    before it.
    """
    whole_s = _length_s(segments)
    longest_s = max(segment.length_s for segment in segments)
    most_s = max(exact(chunk_s), whole_s / MAX_CHUNKS + longest_s)  # a chunk is shorter by less than a segment
    groups = list(_groups(segments, most_s))
    if len(groups) > 1 and _length_s(groups[-1]) < most_s / 2:
        tail = groups.pop()
        groups[-1] += tail
    return tuple(_stretch(group, last=group is groups[-1]) for group in groups)


def _groups(segments: Sequence[Segment], most_s: Fraction) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    for segment in segments:
        if group and _length_s(group) + segment.length_s > most_s:
            yield group
            group = []
        group.append(segment)
    yield group


def _stretch(group: Sequence[Segment], *, last: bool) -> Stretch:
    window = Window(start_s=group[0].start_s, length_s=None if last else _length_s(group))
    return Stretch(window, sum(segment.frames for segment in group), group[0].offset)


def _length_s(group: Sequence[Segment]) -> Fraction:
    return group[-1].start_s + group[-1].length_s - group[0].start_s
