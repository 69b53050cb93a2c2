"""s3:// sources: copied inside S3, in parts of one state, from the buckets that the setting names."""

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.intake import IntakeRules
from sluice.domain.parts import MIB
from sluice.domain.states import UploadState
from sluice.service.fetching import Ending
from tests.unit.fetch_world import FetchWorld, film

PART = 64 * MIB
SIZE = 2 * PART + 77
KEY = "2026/a film?#1.mp4"


def world_with(content: bytes, *, url: str = f"s3://films/{KEY}", rules: IntakeRules | None = None) -> FetchWorld:
    world = FetchWorld(url=url, rules=rules or IntakeRules())
    world.copies.objects["films", KEY] = (content, '"one"')
    return world


def test_the_object_is_copied_in_large_parts() -> None:
    world = world_with(film(SIZE))
    assert world.run() is Ending.FETCHED
    upload = world.upload
    assert (upload.state, upload.size_bytes, upload.part_size) == (UploadState.COMPLETING, SIZE, PART)
    assert world.stored() == film(SIZE) and sorted(world.copies.copied) == [1, 2, 3]
    assert upload.content_type == "video/mp4" and world.queue.sent == [(upload.tenant_id, upload.id)]
    assert world.web.opened == []


@pytest.mark.parametrize("url", ["s3://elsewhere/a.mp4", "s3://films", "s3://films/", "s3:///films/a.mp4", "s3://"])
def test_other_buckets_are_not_touched(url: str) -> None:
    world = world_with(film(1), url=url)
    world.copies.find = None  # type: ignore[method-assign, assignment]  # must not be asked
    assert world.run() is Ending.REFUSED
    world.assert_refused("url_not_allowed")


def test_an_object_that_is_not_there() -> None:
    world = world_with(film(1), url="s3://films/b.mp4")
    world.run()
    world.assert_refused("source_refused")


def test_larger_than_its_policy_takes() -> None:
    world = world_with(film(100), rules=IntakeRules(max_bytes=99))
    world.run()
    world.assert_refused("upload_too_large")


def test_an_empty_object() -> None:
    world = world_with(b"")
    world.run()
    world.assert_refused("source_empty")


def test_an_object_that_changes_while_it_is_copied() -> None:
    world = world_with(film(SIZE))

    def change(number: int) -> None:
        if number == 2:
            world.copies.objects["films", KEY] = (film(SIZE), '"two"')

    world.copies.on_copy = change
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_changed")


def test_the_next_task_copies_what_is_missing() -> None:
    world = world_with(film(SIZE))
    world.objects.dies_after = 2
    with pytest.raises(ProviderFailure):
        world.run()
    world.objects.dies_after = None
    before = sorted(world.copies.copied)
    world.copies.copied.clear()
    assert world.run() is Ending.FETCHED
    assert sorted(before + world.copies.copied) == [1, 2, 3]
    assert world.stored() == film(SIZE)


def test_the_next_task_starts_over_with_another_object() -> None:
    world = world_with(film(SIZE))
    world.objects.dies_after = 2
    with pytest.raises(ProviderFailure):
        world.run()
    world.objects.dies_after = None
    world.copies.objects["films", KEY] = (film(PART + 1), '"two"')
    assert world.run() is Ending.FETCHED
    assert world.stored() == film(PART + 1) and len(world.objects.open) == 1


def test_parts_that_are_gone_are_copied_again() -> None:
    world = world_with(film(SIZE))
    world.objects.dies_after = 2
    with pytest.raises(ProviderFailure):
        world.run()
    world.objects.dies_after = None
    world.objects.open.clear()
    assert world.run() is Ending.FETCHED
    assert world.stored() == film(SIZE)


def test_a_copy_that_nobody_wants_any_more_stops() -> None:
    world = world_with(film(SIZE))

    def give_up(number: int) -> None:
        if number == 1:
            world.abort()
        world.now.tick(seconds=11)

    world.copies.on_copy = give_up
    assert world.run() is Ending.NOTHING_TO_DO
    assert world.objects.open == {} and world.upload.state is UploadState.ABORTED
