"""The ladder's rules, for every size and rate."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.encoding import VideoCodec
from sluice.media.grid import grid
from sluice.media.ladder import LADDER, MAX_LONG_SIDE, VideoRendition
from sluice.media.levels import LEVELS
from sluice.media.timing import STANDARD_RATES
from tests.unit.media.sources import AUDIO, planned, source, video

sides = st.integers(1, 8192)
rates = st.sampled_from(STANDARD_RATES) | st.fractions(1, 60, max_denominator=1001)


def video_ladder(width: int, height: int, rate: Fraction, **settings: Any) -> tuple[VideoRendition, ...]:
    return planned(source(video=video(width=width, height=height, rate=rate)), **settings).video


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
        assert macroblocks * rendition.rate <= level.macroblocks_per_s
        assert rendition.max_kbps <= level.max_kbps


def test_known_levels() -> None:
    def levels(rate: int) -> list[str]:
        return [rendition.level for rendition in video_ladder(1920, 1080, Fraction(rate))]

    assert levels(30) == ["4.0", "3.1", "3.1", "3.0", "3.0"]
    assert levels(60) == ["4.2", "3.2", "3.1", "3.0", "3.0"]


def test_high_rates_get_half_as_much_again() -> None:
    assert [r.max_kbps for r in video_ladder(1920, 1080, Fraction(60))] == [7500, 4200, 1400, 800, 400]
    assert [r.max_kbps for r in video_ladder(1920, 1080, Fraction(40))] == [r.max_kbps * 3 // 2 for r in LADDER]
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
    lines = grid(Fraction(rate), gop_s=2, segment_s=6)
    assert (lines.gop_frames, lines.gops_per_segment, lines.segment_s) == (gop, 3, seconds)


@given(rates)
def test_three_gops_reach_six_seconds_and_no_fourth_fits(rate: Fraction) -> None:
    lines = grid(rate, gop_s=2, segment_s=6)
    exact = 3 * lines.gop_frames / rate
    assert exact >= 6
    assert (lines.gop_frames - 1) / rate < 2
    assert 0 <= exact - Fraction(str(lines.segment_s)) < Fraction(1, 10_000)


@given(rates, st.integers(1, 1800))
def test_packager_cuts_after_every_third_gop(rate: Fraction, segment: int) -> None:
    """Packager opens segment k at the first keyframe not before k x segment_s: for three hours that is GOP 3k."""
    lines = grid(rate, gop_s=2, segment_s=6)
    keyframe = math.ceil(segment * Fraction(str(lines.segment_s)) / (lines.gop_frames / rate))
    assert keyframe == 3 * segment


def test_plans() -> None:
    both = planned()
    assert (both.names, both.gop_frames, both.segment_s) == (["v360", "v240", "audio"], 50, 6.0)
    assert planned(source(tracks=())).names == ["v360", "v240"]
    sound = planned(source(video=None))
    assert (sound.names, sound.gop_frames, sound.segment_s) == (["audio"], None, 6.0)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("60", ["60", "60", "30", "30", "30"]),
        ("50", ["50", "50", "25", "25", "25"]),
        ("60000/1001", ["60000/1001", "60000/1001", *["30000/1001"] * 3]),
        ("48", ["48", "48", "24", "24", "24"]),
        ("40", ["40"] * 5),
        ("30", ["30"] * 5),
    ],
)
def test_low_rungs_of_a_fast_source_show_every_second_frame(rate: str, expected: list[str]) -> None:
    made = video_ladder(1920, 1080, Fraction(rate))
    assert [rendition.rate for rendition in made] == [Fraction(one) for one in expected]
    assert len({rendition.gop_frames / rendition.rate for rendition in made}) == 1


@given(st.fractions(48, 60, max_denominator=1001), st.floats(0.5, 10))
def test_keyframes_of_halved_rungs_stand_at_the_same_times(rate: Fraction, gop_s: float) -> None:
    gops = {r.gop_frames / r.rate for r in video_ladder(1280, 720, rate, gop_s=gop_s)}
    assert len(gops) == 1
    assert gops.pop() >= Fraction(str(gop_s))


@pytest.mark.parametrize(
    ("rate", "most", "expected"),
    [
        ("60", 30, "30"),
        ("50", 30, "25"),
        ("60000/1001", 29.97, "30000/1001"),
        ("30", 29.97, "30"),
        ("60", 25, "20"),
        ("24", 30, "24"),
    ],
)
def test_a_limited_rate_keeps_even_steps(rate: str, most: float, expected: str) -> None:
    assert video_ladder(640, 360, Fraction(rate), max_fps=most)[0].rate == Fraction(expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_height": 720}, {"v720": 2800, "v480": 1400, "v360": 800, "v240": 400}),
        ({"max_height": 100}, {"v100": 400}),
        ({"max_kbps": 1000}, {"v1080": 1000, "v720": 1000, "v480": 1000, "v360": 800, "v240": 400}),
        (
            {"rungs": ({"short_side": 300, "max_kbps": 700}, {"short_side": 1080, "max_kbps": 9000})},
            {"v1080": 9000, "v300": 700},
        ),
        ({"rungs": ({"short_side": 2160, "max_kbps": 9000},)}, {"v1080": 9000}),
    ],
)
def test_settings_bound_the_ladder(settings: dict[str, Any], expected: dict[str, int]) -> None:
    assert {r.name: r.max_kbps for r in video_ladder(1920, 1080, Fraction(25), **settings)} == expected


def test_other_codecs_are_further_rungs_of_the_same_sizes() -> None:
    made = video_ladder(1280, 720, Fraction(50), codecs=(VideoCodec.AV1, VideoCodec.HEVC), max_height=480)
    assert [(r.name, r.width, r.rate, r.crf, r.max_kbps, r.profile, r.level) for r in made] == [
        ("v480", 854, 50, 23, 2100, "high", "3.1"),
        ("hevc480", 854, 50, 28, 1400, "main", None),
        ("av480", 854, 50, 42, 1260, "main", None),
        ("v360", 640, 25, 23, 800, "main", "3.0"),
        ("hevc360", 640, 25, 28, 533, "main", None),
        ("av360", 640, 25, 42, 480, "main", None),
        ("v240", 426, 25, 23, 400, "main", "3.0"),
        ("hevc240", 426, 25, 28, 266, "main", None),
        ("av240", 426, 25, 42, 240, "main", None),
    ]


@pytest.mark.parametrize(
    ("gop_s", "segment_s", "expected"),
    [(1, 4, (24, 4, 4.004)), (2, 5, (48, 3, 6.006)), (2.5, 6, (60, 3, 7.5075)), (0.5, 6, (12, 12, 6.006))],
)
def test_targets_are_rounded_up(gop_s: float, segment_s: float, expected: tuple[int, int, float]) -> None:
    rate = Fraction(24000, 1001)
    plan = planned(source(video=video(rate=rate)), gop_s=gop_s, segment_s=segment_s)
    assert (plan.gop_frames, plan.gops_per_segment, plan.segment_s) == expected


def test_sound_alone_is_cut_by_the_same_targets() -> None:
    plan = planned(source(video=None, tracks=(AUDIO,)), gop_s=2, segment_s=10)
    assert (plan.segment_s, plan.gops_per_segment) == (10.0, 5)
