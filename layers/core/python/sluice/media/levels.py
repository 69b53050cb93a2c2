"""H.264 levels: what a decoder must be able to take, as a stream's header states it."""

import math
from fractions import Fraction
from typing import NamedTuple


class Level(NamedTuple):
    name: str
    frame_macroblocks: int
    macroblocks_per_s: int
    max_kbps: int  # Main profile; High may use 1.25 times as much, which is left as headroom


# ITU-T H.264 table A-1, from the first level that every player since 2010 has.
LEVELS: tuple[Level, ...] = (
    Level("3.0", 1620, 40_500, 10_000),
    Level("3.1", 3600, 108_000, 14_000),
    Level("3.2", 5120, 216_000, 20_000),
    Level("4.0", 8192, 245_760, 20_000),
    Level("4.2", 8704, 522_240, 50_000),
    Level("5.0", 22_080, 589_824, 135_000),
    Level("5.1", 36_864, 983_040, 240_000),
    Level("5.2", 36_864, 2_073_600, 240_000),
)


def h264_level(width: int, height: int, rate: Fraction, max_kbps: int) -> str:
    macroblocks = math.ceil(width / 16) * math.ceil(height / 16)
    for level in LEVELS:
        if (
            macroblocks <= level.frame_macroblocks
            and macroblocks * rate <= level.macroblocks_per_s
            # neither side may exceed sqrt(8 x frame size): excludes very wide pictures from low levels
            and (max(width, height) / 16) ** 2 <= 8 * level.frame_macroblocks
            and max_kbps <= level.max_kbps
        ):
            return level.name
    return LEVELS[-1].name
