"""Files of chosen posters that players do not get any more: gone a day later, whoever dies between, and no others."""

from pathlib import Path

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.models import ErrorInfo
from sluice.domain.picture_errors import ThumbnailTimedOut
from sluice.domain.playback_tokens import MAX_VIEWING_S
from sluice.domain.thumbnails import STAYS, discarded
from sluice.service.ports import Create
from sluice.service.thumbnail_ending import end_thumbnail
from tests.unit.sweeping import sweep
from tests.unit.thumbnail_world import ThumbnailWorld
from tests.unit.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ThumbnailWorld:
    return ThumbnailWorld(tmp_path, monkeypatch)


def made(world: ThumbnailWorld) -> str:
    thumbnail_id = world.ask(1.0)
    world.make(thumbnail_id)
    return thumbnail_id


def files(world: ThumbnailWorld) -> set[str]:
    return {key.split("/")[-2] for key in world.media.objects}


def swept(world: ThumbnailWorld) -> int:
    return sweep(World(records=world.records, now=world.now), pictures=world.media)["discarded_pictures"]


def a_day_later(world: ThumbnailWorld) -> int:
    world.now.tick(seconds=STAYS.total_seconds() + 1)
    return swept(world)


def test_one_that_is_replaced_goes_when_no_address_of_it_holds(world: ThumbnailWorld) -> None:
    first, second = made(world), made(world)
    assert swept(world) == 0
    world.now.tick(seconds=MAX_VIEWING_S)  # a session was opened at the last moment
    assert (swept(world), files(world)) == (0, {first, second})
    world.now.tick(minutes=10, seconds=1)
    assert (swept(world), files(world)) == (1, {second})
    assert (world.thumbnail(first).state, world.asset.thumbnail_id) == ("ready", second)
    assert a_day_later(world) == 0


def test_one_that_is_deleted_goes(world: ThumbnailWorld) -> None:
    deleted = made(world)
    world.call("DELETE", f"/{deleted}")
    assert (swept(world), files(world)) == (0, {deleted})
    assert (a_day_later(world), files(world)) == (1, set())


def test_what_is_shown_stays_for_ever(world: ThumbnailWorld) -> None:
    shown = made(world)
    for _ in range(3):
        assert a_day_later(world) == 0
    assert files(world) == {shown}


def test_not_even_a_wrong_row_takes_what_is_shown(world: ThumbnailWorld) -> None:
    shown = made(world)
    world.records.commit(Create(discarded(world.asset, shown, world.now())))
    assert (a_day_later(world), files(world)) == (1, {shown})
    assert a_day_later(world) == 0


def test_one_that_was_made_too_late_to_be_shown_goes(world: ThumbnailWorld) -> None:
    slow, quick = world.ask(1.0), world.ask(2.0)
    world.make(quick)
    world.make(slow)
    assert (a_day_later(world), files(world)) == (1, {quick})


def test_what_a_worker_stores_after_its_thumbnail_was_deleted_goes(world: ThumbnailWorld) -> None:
    late = world.ask(1.0)
    run = world.program.run

    def deleted_meanwhile(*task: object, **how: object) -> object:
        world.call("DELETE", f"/{late}")
        return run(*task, **how)  # type: ignore[arg-type]

    world.program.run = deleted_meanwhile  # type: ignore[method-assign, assignment]
    world.make(late)
    assert files(world) == {late}
    assert (a_day_later(world), files(world)) == (1, set())


def test_what_a_worker_stored_before_it_died_goes_too(world: ThumbnailWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = world.ask(1.0)
    with monkeypatch.context() as patch, pytest.raises(ProviderFailure):
        patch.setattr(world.records, "commit", dies)
        world.make(lost)
    assert files(world) == {lost}
    end_thumbnail(world.thumbnail(lost), ErrorInfo.of(ThumbnailTimedOut()), ports=world.deps)
    assert (a_day_later(world), files(world)) == (1, set())


@pytest.mark.parametrize("state", ["replaced", "late", "failed"])
def test_deleting_what_is_to_be_removed_already_changes_nothing(world: ThumbnailWorld, state: str) -> None:
    one, other = world.ask(1.0), world.ask(2.0)
    if state == "failed":
        end_thumbnail(world.thumbnail(one), ErrorInfo.of(ThumbnailTimedOut()), ports=world.deps)
    for thumbnail_id in (one, other) if state == "replaced" else (other, one):
        world.make(thumbnail_id)
    assert world.call("DELETE", f"/{one}")[0] == 204
    assert (a_day_later(world), files(world)) == (1, {other})
    assert a_day_later(world) == 0


def test_s3_that_fails_is_asked_again(world: ThumbnailWorld) -> None:
    first, second = made(world), made(world)
    world.media.fail_on = first
    assert (a_day_later(world), files(world)) == (0, {first, second})
    world.media.fail_on = None
    assert (swept(world), files(world)) == (1, {second})


def test_a_death_between_object_and_row_is_made_up_for(world: ThumbnailWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made(world)
    second = made(world)
    with monkeypatch.context() as patch:
        patch.setattr(world.records, "commit", dies)
        assert (a_day_later(world), files(world)) == (0, {second})
    assert (swept(world), files(world)) == (1, {second})
    assert swept(world) == 0


def dies(*writes: object) -> None:
    raise ProviderFailure
