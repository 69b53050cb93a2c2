"""Where keyframes and segments stand: GOP and segment targets as whole frames of an exact rate, rounded up."""

import math
from fractions import Fraction
from typing import NamedTuple


class Grid(NamedTuple):
    """Every rendition's keyframes stand at multiples of `gop_s`, whatever its own frame rate."""

    rate: Fraction  # frames/s of the largest rendition
    gop_frames: int  # at that rate
    gops_per_segment: int

    @property
    def segment_s(self) -> float:
        """The exact length of a segment's GOPs, rounded *down* to 0.1 ms.

        Packager starts a segment at the first keyframe after each multiple of this. A length above three GOPs would
        wait for a fourth; exactly 6 at 23.976 would drift until a segment had only two.
        """
        return math.floor(self.gops_per_segment * self.gop_frames / self.rate * 10_000) / 10_000


def grid(rate: Fraction, *, gop_s: float, segment_s: float, halved: bool = False) -> Grid:
    """48 frames at 23.976 and 2 s. `halved`: some renditions show every second frame, so a GOP has an even number."""
    step = 2 if halved else 1
    gop = math.ceil(exact(gop_s) * rate / step) * step
    return Grid(rate, gop, math.ceil(exact(segment_s) / (gop / rate)))


def exact(number: float) -> Fraction:
    """0.1 as one tenth."""
    return Fraction(str(number))
