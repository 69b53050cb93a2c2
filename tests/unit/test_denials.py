"""Refused viewers are told to the tenant: why, how many, and no more often than once a minute from one process."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sluice.domain.denials import Denial, DenialReason
from sluice.domain.errors import AssetNotPlayable, PlaybackDenied, ProviderFailure, SluiceError
from sluice.domain.models import PlaybackLookup, Review
from sluice.domain.playback_urls import play_url
from sluice.service import denials
from sluice.service.denials import DenialLog
from sluice.service.ports import Create
from tests.fakes.denials import FakeDenials
from tests.fakes.published import (
    ASSET,
    MEDIA,
    NOW,
    OTHER_PLAYBACK,
    OTHER_TENANT,
    PLAYBACK,
    SESSION,
    TENANT,
    Published,
    token_of,
)

MINUTE = NOW.replace(second=0, microsecond=0)
EXPIRED = NOW + timedelta(seconds=300)


class CountingDenials(FakeDenials):
    def __init__(self, world: Published) -> None:
        super().__init__(world.records)
        self.looked_up: list[str] = []

    def playback(self, playback_id: str) -> PlaybackLookup | None:
        self.looked_up.append(playback_id)
        return super().playback(playback_id)


def process_of(world: Published) -> CountingDenials:
    """Another warm process of `playback` in front of the same table."""
    rows = CountingDenials(world)
    world.ports = world.ports._replace(denials=DenialLog(lambda: rows))
    return rows


def refused(world: Published, url: str, *, at: datetime = NOW) -> SluiceError:
    with pytest.raises((PlaybackDenied, AssetNotPlayable)) as caught:
        world.fetch(url, at=at)
    return caught.value


def told(world: Published) -> list[Denial]:
    return [row for row in world.records.rows.values() if isinstance(row, Denial)]


def no_token(world: Published) -> SluiceError:
    return refused(world, world.opening("master.m3u8").partition("?")[0])


def unknown_signature(world: Published) -> SluiceError:
    return refused(world, f"{MEDIA}/v1/play/{PLAYBACK}/master.m3u8?token=x.y.z")


def wrong_token(world: Published) -> SluiceError:
    return refused(world, play_url(MEDIA, PLAYBACK, "v720.m3u8", token_of(world.opening("master.m3u8"))))


def token_expired(world: Published) -> SluiceError:
    return refused(world, world.opening("master.m3u8"), at=EXPIRED)


def viewing_over(world: Published) -> SluiceError:
    child = world.children(world.opening("master.m3u8"), at=NOW)["v720.m3u8"]
    return refused(world, child, at=NOW + timedelta(days=1))


def not_approved(world: Published) -> SluiceError:
    world.change_asset(review=Review.REJECTED)
    return refused(world, world.opening("master.m3u8"))


def not_playable(world: Published) -> SluiceError:
    world.change_asset(playable=False)
    return refused(world, world.opening("master.m3u8"))


REFUSALS: dict[DenialReason, Callable[[Published], SluiceError]] = {
    DenialReason.NO_TOKEN: no_token,
    DenialReason.UNKNOWN_SIGNATURE: unknown_signature,
    DenialReason.WRONG_TOKEN: wrong_token,
    DenialReason.TOKEN_EXPIRED: token_expired,
    DenialReason.VIEWING_OVER: viewing_over,
    DenialReason.NOT_APPROVED: not_approved,
    DenialReason.NOT_PLAYABLE: not_playable,
}


@pytest.mark.parametrize("reason", DenialReason)
def test_the_tenant_is_told_why(reason: DenialReason) -> None:
    world = Published()
    REFUSALS[reason](world)
    [denial] = told(world)
    assert (denial.tenant_id, denial.asset_id, denial.reason, denial.count) == (TENANT, ASSET, reason, 1)
    assert denial.request_id == "request-1"
    ours = reason not in (DenialReason.NO_TOKEN, DenialReason.UNKNOWN_SIGNATURE)
    assert denial.session_id == (SESSION if ours else None)
    assert denial.minute == denial.last_at.replace(second=0, microsecond=0)


def test_the_viewer_is_not_told_which_tokens_are_nearly_right() -> None:
    errors = [REFUSALS[reason](Published()) for reason in DenialReason]
    denied = [(error.code, error.detail, error.errors) for error in errors if isinstance(error, PlaybackDenied)]
    assert denied == [("playback_denied", PlaybackDenied.message, ())] * 5


def test_a_session_of_another_playback_is_not_named() -> None:
    world = Published()
    world.records.commit(Create(PlaybackLookup(playback_id=OTHER_PLAYBACK, tenant_id=OTHER_TENANT, asset_id=ASSET)))
    refused(world, world.opening("master.m3u8").replace(PLAYBACK, OTHER_PLAYBACK, 1))
    [denial] = told(world)
    assert (denial.tenant_id, denial.session_id) == (OTHER_TENANT, None)


def test_a_process_tells_of_a_reason_once_a_minute() -> None:
    world = Published()
    rows = process_of(world)
    expired = world.opening("master.m3u8")
    for second in range(0, 60, 10):
        refused(world, expired, at=MINUTE + timedelta(minutes=9, seconds=second))
    assert ([denial.count for denial in told(world)], rows.looked_up) == ([1], [PLAYBACK])
    refused(world, expired, at=MINUTE + timedelta(minutes=10))
    assert [denial.minute - MINUTE for denial in told(world)] == [timedelta(minutes=9), timedelta(minutes=10)]


def test_processes_count_together() -> None:
    world = Published()
    for _ in range(3):
        process_of(world)
        token_expired(world)
    [denial] = told(world)
    assert denial.count == 3


def test_an_unknown_playback_id_leaves_nothing() -> None:
    world = Published()
    before = dict(world.records.rows)
    refused(world, f"{MEDIA}/v1/play/{OTHER_PLAYBACK}/master.m3u8?token=x")
    assert world.records.rows == before


def test_made_up_ids_are_looked_up_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denials, "MOST", 3)
    world = Published()
    rows = process_of(world)
    for number in range(9):
        refused(world, f"{MEDIA}/v1/play/{OTHER_PLAYBACK[:-1]}{number}/master.m3u8?token=x")
    assert len(rows.looked_up) == len(world.ports.denials._noted) == 3
    refused(world, f"{MEDIA}/v1/play/{PLAYBACK}/master.m3u8?token=x", at=NOW + timedelta(minutes=1))
    assert (len(told(world)), len(world.ports.denials._noted)) == (1, 1)


def test_a_note_that_fails_changes_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    world = Published()
    made: list[int] = []

    def broken() -> FakeDenials:
        made.append(1)
        raise ProviderFailure()

    world.ports = world.ports._replace(denials=DenialLog(broken))
    assert world.fetch(world.opening("master.m3u8"), at=NOW) and not made
    with caplog.at_level(logging.INFO):
        assert isinstance(token_expired(world), PlaybackDenied)
    assert [record.getMessage() for record in caplog.records] == ["denial_not_noted"]
    assert made and token_of(world.opening("master.m3u8")) not in caplog.text
