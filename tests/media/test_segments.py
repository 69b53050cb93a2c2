"""GOP and segment rules at the frame rates of cameras: exact boundaries, equal in all renditions, no frame lost."""

import math
from fractions import Fraction

import pytest

from sluice.service.rendering import Rendered
from tests.media.clips import Clip
from tests.media.conftest import Render
from tests.media.measure import assert_aligned, decoded_frames, durations, first_pts_s, frames, joined

RATES = {"24000/1001": 48, "25": 50, "30000/1001": 60, "30": 60, "60": 120}  # rate -> frames of a 2 s GOP
SECONDS = 13.5  # two whole segments and a part


def clip(rate: str) -> Clip:
    return Clip(rate=rate, size="640x360", seconds=SECONDS)


@pytest.fixture(params=list(RATES), scope="module")
def rate(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rendered(rate: str, render: Render) -> Rendered:
    return render(clip(rate))


def test_every_segment_is_three_gops_and_at_least_six_seconds(rate: str, rendered: Rendered) -> None:
    whole = RATES[rate] * 3 / Fraction(rate)
    assert whole >= 6
    for rendition in rendered.plan.video:
        *full, last = durations(rendered, rendition.name)
        assert full == [pytest.approx(float(whole), abs=0.0006)] * 2
        assert 0 < last < float(whole)


def test_keyframes_stand_on_the_grid_and_nowhere_else(rate: str, rendered: Rendered) -> None:
    for rendition in rendered.plan.video:
        keys = [position for position, frame in enumerate(frames(joined(rendered, rendition.name))) if frame.key]
        step = Fraction(rate) / rendition.rate  # low rungs of a fast source show every second frame
        assert keys == list(range(0, math.ceil(clip(rate).frames / step), int(RATES[rate] / step)))


def test_players_may_switch_renditions_at_any_segment(rendered: Rendered) -> None:
    assert [made.name for made in rendered.plan.video] == ["v360", "v240"]
    assert_aligned(rendered)


def test_no_frame_is_lost_or_repeated(rate: str, rendered: Rendered) -> None:
    expected = clip(rate).frames
    assert rendered.frames == expected
    assert rendered.plan.source.video is not None
    assert rendered.plan.source.video.rate == Fraction(rate)
    assert not rendered.plan.source.video.variable_rate
    for rendition in rendered.plan.video:
        path = joined(rendered, rendition.name)
        times = [frame.pts_s for frame in frames(path)]
        steps = [after - before for before, after in zip(times, times[1:], strict=False)]
        shown = math.ceil(expected / (Fraction(rate) / rendition.rate))
        assert len(times) == decoded_frames(path) == shown
        assert steps == [pytest.approx(1 / rendition.rate, abs=2e-6)] * (shown - 1)


def test_sound_and_picture_begin_together(rendered: Rendered) -> None:
    assert first_pts_s(joined(rendered, "v360"), "v:0") == pytest.approx(0, abs=0.001)
    assert first_pts_s(joined(rendered, "audio"), "a:0") == pytest.approx(0, abs=0.022)  # one AAC frame of priming


def test_sound_is_cut_like_the_picture(rate: str, rendered: Rendered) -> None:
    sound, picture = durations(rendered, "audio"), durations(rendered, "v360")
    assert len(sound) == len(picture) == 3
    assert sum(sound) == pytest.approx(SECONDS, abs=0.05)
    assert math.isclose(sum(picture), float(clip(rate).frames / Fraction(rate)), abs_tol=0.003)
