"""The ladder's rules, for every size and rate."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.media.ladder import (
    LADDER,
    LEVELS,
    MAX_LONG_SIDE,
    gop_frames,
    plan_transcode,
    segment_seconds,
    video_ladder,
)
from sluice.media.timing import STANDARD_RATES
from tests.unit.media.sources import source

sides = st.integers(1, 8192)
rates = st.sampled_from(STANDARD_RATES) | st.fractions(1, 60, max_denominator=1001)


def names(width: int, height: int) -> list[str]:
    return [rendition.name for rendition in video_ladder(width, height, Fraction(30))]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((3840, 2160), ["v1080", "v720", "v480", "v360", "v240"]),
        ((1920, 1080), ["v1080", "v720", "v480", "v360", "v240"]),
        ((1080, 1920), ["v1080", "v720", "v480", "v360", "v240"]),
        ((1920, 1072), ["v1080", "v720", "v480", "v360", "v240"]),
        ((1920, 800), ["v720", "v480", "v360", "v240"]),
        ((1280, 720), ["v720", "v480", "v360", "v240"]),
        ((480, 480), ["v480", "v360", "v240"]),
        ((320, 240), ["v240"]),
        ((176, 144), ["v144"]),
        ((1, 1), ["v1"]),
    ],
)
def test_rungs_by_short_side(size: tuple[int, int], expected: list[str]) -> None:
    assert names(*size) == expected


@given(sides, sides, rates)
def test_sizes(width: int, height: int, rate: Fraction) -> None:
    renditions = video_ladder(width, height, rate)
    assert renditions
    for rendition in renditions:
        assert rendition.width % 2 == rendition.height % 2 == 0
        assert 2 <= rendition.width <= max(2, width)
        assert 2 <= rendition.height <= max(2, height)
        assert max(rendition.width, rendition.height) <= MAX_LONG_SIDE
        assert (rendition.width >= rendition.height) or height > width or height % 2 == 0
    areas = [rendition.width * rendition.height for rendition in renditions]
    assert areas == sorted(areas, reverse=True)
    assert len({rendition.name for rendition in renditions}) == len(renditions)


@given(st.integers(240, 2160), st.integers(240, 2160))
def test_shape_is_kept_within_a_pixel_pair(width: int, height: int) -> None:
    for rendition in video_ladder(width, height, Fraction(25)):
        scale = min(rendition.width / width, rendition.height / height)
        assert abs(rendition.width - width * scale) <= 2 * max(1, width / height)
        assert abs(rendition.height - height * scale) <= 2 * max(1, height / width)


@given(st.integers(240, 1080), st.integers(240, 1920), rates)
def test_levels_hold_what_they_are_named_for(width: int, height: int, rate: Fraction) -> None:
    limits = {level.name: level for level in LEVELS}
    for rendition in video_ladder(width, height, rate):
        level = limits[rendition.level]
        macroblocks = math.ceil(rendition.width / 16) * math.ceil(rendition.height / 16)
        assert macroblocks <= level.frame_macroblocks
        assert macroblocks * rate <= level.macroblocks_per_s
        assert rendition.max_kbps <= level.max_kbps


def test_known_levels() -> None:
    def levels(rate: int) -> list[str]:
        return [rendition.level for rendition in video_ladder(1920, 1080, Fraction(rate))]

    assert levels(30) == ["4.0", "3.1", "3.1", "3.0", "3.0"]
    assert levels(60) == ["4.2", "3.2", "3.1", "3.1", "3.0"]


def test_high_rates_get_half_as_much_again() -> None:
    assert [r.max_kbps for r in video_ladder(1920, 1080, Fraction(60))] == [r.max_kbps * 3 // 2 for r in LADDER]
    assert [r.max_kbps for r in video_ladder(1920, 1080, Fraction(30))] == [r.max_kbps for r in LADDER]


@pytest.mark.parametrize(
    ("rate", "gop", "seconds"),
    [
        ("24000/1001", 48, 6.006),
        ("24", 48, 6.0),
        ("25", 50, 6.0),
        ("30000/1001", 60, 6.006),
        ("30", 60, 6.0),
        ("60000/1001", 120, 6.006),
        ("60", 120, 6.0),
        ("15", 30, 6.0),
        ("1", 2, 6.0),
    ],
)
def test_gops(rate: str, gop: int, seconds: float) -> None:
    assert gop_frames(Fraction(rate)) == gop
    assert segment_seconds(gop, Fraction(rate)) == seconds


@given(rates)
def test_three_gops_reach_six_seconds_and_no_fourth_fits(rate: Fraction) -> None:
    gop = gop_frames(rate)
    segment_s = segment_seconds(gop, rate)
    exact = 3 * gop / rate
    assert exact >= 6
    assert (gop - 1) / rate < 2
    assert 0 <= exact - Fraction(str(segment_s)) < Fraction(1, 10_000)


@given(rates, st.integers(1, 1800))
def test_packager_cuts_after_every_third_gop(rate: Fraction, segment: int) -> None:
    """Packager opens segment k at the first keyframe not before k x segment_s: for three hours that is GOP 3k."""
    gop = gop_frames(rate)
    keyframe = math.ceil(segment * Fraction(str(segment_seconds(gop, rate))) / (gop / rate))
    assert keyframe == 3 * segment


def test_plans() -> None:
    both = plan_transcode(source())
    assert (both.names, both.gop_frames, both.segment_s) == (["v360", "v240", "audio"], 50, 6.0)
    assert plan_transcode(source(audio=None)).names == ["v360", "v240"]
    sound = plan_transcode(source(video=None))
    assert (sound.names, sound.gop_frames, sound.segment_s) == (["audio"], None, 6.0)
