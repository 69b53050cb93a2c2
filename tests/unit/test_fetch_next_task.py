"""A task that died or was stopped: the next one goes on from what is stored."""

from threading import Event

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.intake import IntakeRules
from sluice.domain.states import UploadState
from sluice.service.fetching import Ending
from sluice.service.ports import Write
from tests.unit.fetch_world import PART, FetchWorld, film

SIZE = 3 * PART + 1234


def run_to_the_last_step(world: FetchWorld) -> None:
    """All parts are stored; the task dies before it can say so."""
    commit = world.records.commit

    def lost(*writes: Write) -> None:
        if any(getattr(getattr(write, "record", None), "state", None) is UploadState.COMPLETING for write in writes):
            raise ProviderFailure
        commit(*writes)

    world.records.commit = lost  # type: ignore[method-assign]
    with pytest.raises(ProviderFailure):
        world.run()
    world.records.commit = commit  # type: ignore[method-assign]
    world.web.opened.clear()


class TestNextTask:
    def stopped(self, stored_parts: int) -> FetchWorld:
        world = FetchWorld(film(SIZE))
        world.objects.dies_after = stored_parts
        with pytest.raises(ProviderFailure):
            world.run()
        world.objects.dies_after = None
        world.web.opened.clear()
        world.objects.sent.clear()
        return world

    def test_it_goes_on_behind_the_parts_that_are_stored(self) -> None:
        world = self.stopped(2)
        assert world.run() is Ending.FETCHED
        assert world.web.opened == [(2 * PART, '"v1"')]
        assert world.stored() == film(SIZE) and sorted(world.objects.sent) == [3, 4]

    def test_parts_behind_a_gap_or_of_another_size_are_sent_again(self) -> None:
        world = self.stopped(3)
        world.objects.put_part(world.upload.multipart_id, 2, 5)
        assert world.run() is Ending.FETCHED
        assert world.web.opened == [(PART, '"v1"')]
        assert world.stored() == film(SIZE)

    def test_nothing_is_asked_for_when_all_is_stored(self) -> None:
        world = FetchWorld(film(SIZE))
        run_to_the_last_step(world)
        assert world.run() is Ending.FETCHED
        assert world.web.opened == [] and world.stored() == film(SIZE)

    def test_without_a_length_there_is_always_something_left_to_ask_for(self) -> None:
        world = FetchWorld(film(2 * PART), rules=IntakeRules(max_bytes=10**9))
        world.web.file.declares_length = False
        run_to_the_last_step(world)
        assert world.run() is Ending.FETCHED
        assert world.web.opened == [(PART, '"v1"')] and world.stored() == film(2 * PART)

    def test_without_a_validator_it_begins_anew(self) -> None:
        world = FetchWorld(film(SIZE))
        world.web.file.validator = None
        run_to_the_last_step(world)
        assert world.run() is Ending.FETCHED
        assert world.web.opened == [(0, None)] and world.stored() == film(SIZE)

    def test_another_file_by_then_is_read_from_its_start(self) -> None:
        world = self.stopped(2)
        world.web.file.content, world.web.file.validator = film(PART * 2), '"v2"'
        assert world.run() is Ending.FETCHED
        assert world.stored() == film(PART * 2) and len(world.objects.open) == 1

    def test_parts_that_are_gone_are_sent_again(self) -> None:
        world = self.stopped(2)
        world.objects.open.clear()
        assert world.run() is Ending.FETCHED
        assert world.stored() == film(SIZE)

    def test_a_stopped_task_leaves_its_parts(self) -> None:
        world, two_are_stored = FetchWorld(film(SIZE)), Event()
        store = world.objects.upload_part

        def stored(key: str, multipart_id: str, number: int, body: bytearray) -> None:
            store(key, multipart_id, number, body)
            if len(world.objects.parts(key, multipart_id)) == 2:
                two_are_stored.set()

        def stop(position: int) -> None:
            if position > 2 * PART:
                assert two_are_stored.wait(60)
                raise SystemExit(143)

        world.objects.upload_part = stored  # type: ignore[method-assign]
        world.web.on_piece = stop
        with pytest.raises(SystemExit):
            world.run()
        assert world.upload.state is UploadState.OPEN
        assert [p.number for p in world.objects.parts(world.upload.key, world.upload.multipart_id)] == [1, 2]
        world.web.on_piece = lambda _: None
        assert world.run() is Ending.FETCHED
        assert world.stored() == film(SIZE)
        assert world.web.opened[-1] == (2 * PART, '"v1"')
