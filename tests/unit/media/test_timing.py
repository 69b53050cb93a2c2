"""Frame rates from timestamps: the exact fraction of a constant rate, a sane nominal one of everything else."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.media.timing import MAX_RATE, STANDARD_RATES, FrameTiming, end_s, measure_rate

MS = Fraction(1, 1000)


def packets(times: list[Fraction], time_base: Fraction = MS) -> list[dict[str, Any]]:
    return [{"pts": round(time / time_base)} for time in times]


def grid(rate: Fraction, count: int = 400, start: Fraction = Fraction(0)) -> list[Fraction]:
    return [start + n / rate for n in range(count)]


def measured(times: list[Fraction], time_base: Fraction = MS, **stated: Fraction | None) -> FrameTiming:
    return measure_rate(packets(times, time_base), time_base, **{"lowest": None, "average": None, **stated})


@given(st.sampled_from(STANDARD_RATES), st.integers(0, 5000), st.sampled_from([MS, Fraction(1, 90_000)]))
def test_rounding_clocks_hide_no_standard_rate(rate: Fraction, start_ms: int, time_base: Fraction) -> None:
    assert measured(grid(rate, start=Fraction(start_ms, 1000)), time_base) == FrameTiming(rate, False)


@given(st.fractions(1, 60, max_denominator=1001))
def test_an_exact_clock_gives_any_rate_as_stated(rate: Fraction) -> None:
    time_base = 1 / (rate * 512)
    found = measured(grid(rate), time_base, lowest=rate, average=rate)
    assert not found.variable
    assert abs(found.rate - rate) <= rate * Fraction(3, 10_000)


def test_a_stated_standard_rate_wins_where_a_short_clip_cannot_tell() -> None:
    for rate in (Fraction(24), Fraction(24000, 1001)):
        assert measured(grid(rate, 6), lowest=rate) == FrameTiming(rate, False)


def test_b_frames_come_out_of_order() -> None:
    times = grid(Fraction(25))
    reordered = [time for n in range(0, 400, 4) for time in (times[n], times[n + 3], times[n + 1], times[n + 2])]
    assert measured(reordered) == FrameTiming(Fraction(25), False)


def test_avi_has_decode_times_only() -> None:
    found = measure_rate([{"dts": n} for n in range(50)], Fraction(1, 30), lowest=Fraction(30), average=Fraction(30))
    assert found == FrameTiming(Fraction(30), False)


def test_one_missing_frame_makes_it_variable() -> None:
    times = grid(Fraction(30))
    assert measured(times[:100] + times[101:]) == FrameTiming(Fraction(30), True)


def test_a_gap_after_the_head_shows_in_the_average() -> None:
    assert measured(grid(Fraction(30)), average=Fraction(20)) == FrameTiming(Fraction(30), True)
    assert not measured(grid(Fraction(30)), average=Fraction(30)).variable


@pytest.mark.parametrize(("rate", "halved"), [(120, 60), (240, 60), (100, 50), (90, 45), (61, Fraction(61, 2))])
def test_high_rates_are_halved_until_they_fit(rate: int, halved: Fraction) -> None:
    assert measured(grid(Fraction(rate)), Fraction(1, 90_000)) == FrameTiming(Fraction(halved), True)


@given(st.lists(st.integers(1, 3000), min_size=3, max_size=300))
def test_anything_gets_a_rate_in_reason(steps: list[int]) -> None:
    times = [Fraction(sum(steps[:n]), 1000) for n in range(len(steps))]
    assert 1 <= measured(times).rate <= MAX_RATE


@pytest.mark.parametrize(
    ("average", "expected"),
    [
        (Fraction(25), FrameTiming(Fraction(25), False)),
        (Fraction(1, 5), FrameTiming(Fraction(24000, 1001), True)),
        (Fraction(1000), FrameTiming(Fraction(48), True)),  # 31.25 after halving, and the next rate above
    ],
)
def test_too_few_frames_leave_the_header(average: Fraction, expected: FrameTiming) -> None:
    assert measured([Fraction(0)], average=average) == expected


def test_nothing_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no frame rate"):
        measured([])


def test_the_last_frame() -> None:
    assert end_s(packets([Fraction(3), Fraction(9), Fraction(6)]), MS) == 9.0
    assert end_s([], MS) == 0.0
    assert end_s([{"dts": 4000, "duration": 2500}], MS) == 6.5  # a slide
