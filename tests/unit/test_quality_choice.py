"""Which CRF a rendition gets from its trials, and which renditions are worth making."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.quality import RungChoice
from sluice.media.quality import SAMPLE_S, SAMPLES, Trial, choose, drop_useless, mean_trials, sample_starts


def test_samples_are_spread_evenly_and_lie_inside() -> None:
    starts = sample_starts(400)
    assert starts == [48.0, 148.0, 248.0, 348.0]
    assert len(starts) == SAMPLES and starts[-1] + SAMPLE_S < 400


def test_the_mean_over_samples_counts_per_crf() -> None:
    trials = [Trial(20, 98, 4000), Trial(30, 90, 1000), Trial(20, 94, 2000), Trial(30, 80, 3000)]
    assert mean_trials(trials) == [Trial(20, 96, 3000), Trial(30, 85, 2000)]


@pytest.mark.parametrize(
    ("trials", "crf", "kbps"),
    [
        # between two trials: the last whole step that still reaches 93
        ([Trial(20, 97, 4000), Trial(25, 95, 2000), Trial(30, 90, 1000)], 27, 1516),
        # an easy title looks right at the worst trial
        ([Trial(20, 99, 800), Trial(25, 98, 400), Trial(30, 96, 200)], 30, 200),
        # exactly on a trial
        ([Trial(20, 97, 4000), Trial(25, 93, 2000), Trial(30, 88, 1000)], 25, 2000),
        # the cap binds: more bits are not to be had, so no CRF below the one that already fills it
        ([Trial(20, 85.0, 5000), Trial(25, 84.8, 4950), Trial(30, 82, 3000)], 25, 4950),
        # never below the best trial
        ([Trial(20, 88, 9000), Trial(25, 80, 5000), Trial(30, 70, 3000)], 20, 9000),
    ],
)
def test_the_fewest_bits_that_reach_the_target(trials: list[Trial], crf: int, kbps: int) -> None:
    choice = choose("v1080", trials)
    assert (choice.crf, choice.kbps) == (crf, kbps)


scores = st.floats(min_value=1, max_value=100)


@given(st.tuples(scores, scores, scores), st.tuples(scores, scores, scores))
def test_a_choice_is_within_the_trials_and_keeps_the_target_where_it_can(
    vmafs: tuple[float, float, float], sizes: tuple[float, float, float]
) -> None:
    falling, smaller = sorted(vmafs, reverse=True), sorted(sizes, reverse=True)
    trials = [Trial(crf, vmaf, kbps) for crf, vmaf, kbps in zip((20, 25, 30), falling, smaller, strict=True)]
    choice = choose("v720", trials)
    assert 20 <= choice.crf <= 30
    assert choice.vmaf is not None and choice.kbps is not None
    assert choice.vmaf >= min(93, falling[0] - 0.5) - 0.01
    assert smaller[-1] - 1 <= choice.kbps <= smaller[0] + 1


def _rung(name: str, kbps: int) -> RungChoice:
    return RungChoice(name=name, crf=25, vmaf=93, kbps=kbps)


def test_a_rung_that_saves_hardly_a_bit_is_not_made() -> None:
    slides = [_rung("v1080", 300), _rung("v720", 260), _rung("v480", 200), _rung("v360", 170), _rung("v240", 90)]
    assert [choice.name for choice in drop_useless(slides) if choice.kept] == ["v1080", "v480", "v240"]


def test_an_ordinary_ladder_stays_whole() -> None:
    ladder = [_rung("v1080", 4500), _rung("v720", 2500), _rung("v480", 1200), _rung("v360", 700), _rung("v240", 350)]
    assert all(choice.kept for choice in drop_useless(ladder))


def test_one_rung_is_always_kept() -> None:
    assert drop_useless([_rung("v240", 100)])[0].kept
