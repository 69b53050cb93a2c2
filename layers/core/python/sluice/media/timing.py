"""Frame rates from timestamps: is the rate constant, and which exact fraction is it?"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median
from typing import Any, NamedTuple

HEAD_PACKETS = 300  # 5-12 s of video: enough to tell 29.97 from 30 in a container that rounds to milliseconds
_REORDER = 16  # the last packets of a stretch may lack their B-frame neighbours (H.264 allows 16)

STANDARD_RATES = tuple(
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1))
)
MAX_RATE = Fraction(60)  # above: halved until it fits
MIN_RATE = Fraction(1)  # below, a 2 s GOP has no meaning; treated as variable


class FrameTiming(NamedTuple):
    rate: Fraction
    variable: bool


def measure_rate(
    packets: Sequence[Mapping[str, Any]], time_base: Fraction, *, lowest: Fraction | None, average: Fraction | None
) -> FrameTiming:
    """`lowest` and `average` are ffprobe's r_frame_rate and avg_frame_rate.

    Raises ValueError if the stream has no usable timestamps at all.
    """
    ticks = _timestamps(packets)[:HEAD_PACKETS]
    stamps = sorted(set(ticks))
    if len(ticks) >= HEAD_PACKETS:
        stamps = stamps[:-_REORDER]
    if len(stamps) < 3:
        return _from_header(lowest, average)
    steps = [after - before for before, after in zip(stamps, stamps[1:], strict=False)]
    typical = Fraction(stamps[-1] - stamps[0], len(steps))
    # One tick of rounding on either side is jitter of the container's clock, not of the camera.
    regular = all(abs(step - typical) <= max(Fraction(11, 10), typical / 50) for step in steps)
    measured = 1 / (typical * time_base)
    slack = max(Fraction(3, 10_000), Fraction(2, stamps[-1] - stamps[0]))
    exact = _snap(measured, slack, lowest, average)
    # The average spans the whole file where the container counts frames: a gap after the head shows there.
    agrees = average is None or _close(average, exact, max(slack, Fraction(5, 1000)))
    if regular and agrees and exact >= MIN_RATE:
        return FrameTiming(_halve(exact), exact > MAX_RATE)
    return FrameTiming(_nominal(1 / (Fraction(median(steps)) * time_base), average), True)


def end_s(packets: Sequence[Mapping[str, Any]], time_base: Fraction) -> float:
    """When the last picture ends, which in a slide show is long after it began; 0 if there is none."""
    return float(max((stamp + duration for stamp, duration in _timed(packets)), default=0) * time_base)


def _timestamps(packets: Sequence[Mapping[str, Any]]) -> list[int]:
    return [stamp for stamp, _ in _timed(packets)]


def _timed(packets: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Time and duration. AVI has decode times only, at a constant rate the same steps."""
    key = "pts" if any("pts" in packet for packet in packets) else "dts"
    return [(packet[key], packet.get("duration", 0)) for packet in packets if key in packet]


def _from_header(lowest: Fraction | None, average: Fraction | None) -> FrameTiming:
    rate = average or lowest
    if rate is None:
        raise ValueError("no frame rate")
    if MIN_RATE <= rate <= MAX_RATE:
        return FrameTiming(rate, False)
    return FrameTiming(_nominal(rate, None), True)


def _snap(measured: Fraction, slack: Fraction, lowest: Fraction | None, average: Fraction | None) -> Fraction:
    """The exact rate behind a measured one: what cameras use if it fits, else the container's own word."""
    stated = [rate for rate in (lowest, average) if rate is not None]
    usual = sorted(STANDARD_RATES, key=lambda rate: (rate not in stated, abs(rate - measured)))
    candidates = [*usual, *stated]
    return next((rate for rate in candidates if _close(rate, measured, slack)), measured.limit_denominator(1001))


def _close(one: Fraction, other: Fraction, slack: Fraction) -> bool:
    return abs(one - other) <= slack * other


def _halve(rate: Fraction) -> Fraction:
    while rate > MAX_RATE:
        rate /= 2
    return rate


def _nominal(typical: Fraction, average: Fraction | None) -> Fraction:
    """The lowest standard rate that drops (almost) no frame. `typical`: the usual step; `average` counts pauses too."""
    wanted = _halve(max(typical, average or typical))
    nearest = min(STANDARD_RATES, key=lambda rate: abs(rate - wanted))
    if _close(nearest, wanted, Fraction(3, 100)):
        return nearest
    return next((rate for rate in STANDARD_RATES if rate > wanted), MAX_RATE)
