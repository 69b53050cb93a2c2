"""Rounds of a long job's parts: as wide as there is room, never less than one task, and never at others' cost."""

from datetime import timedelta

import pytest

from sluice.domain.errors import WriteConflict
from sluice.domain.leases import Lease, VcpuLimits, tasks_at_once
from sluice.domain.task_sizes import RENDITIONS, TaskSize
from sluice.service.failures import TOTAL_DEADLINE
from sluice.service.part_rounds import Before
from sluice.service.ports import Write
from sluice.service.vcpu_admission import size_of
from tests.fakes.records import FakeRecords
from tests.unit.film import GIB, ROOMY, Film, names
from tests.unit.test_vcpu_admission import LARGE, SMALL, Plant


def test_a_round_is_as_wide_as_there_is_room_and_its_lease_with_it() -> None:
    film = Film(Plant(limits=VcpuLimits(environment=64, tenant=32)), chunks=120)
    found = film.next()
    assert (found.action, found.width, film.held) == ("parts", 7, 28)  # and room for one more job
    assert names(found) == ["audio", *(str(number) for number in range(27))]
    assert found.before == Before(after=121 - 28, most=40, fewer=3)


def test_the_next_round_has_the_parts_that_are_left_and_the_last_no_more_room_than_it_needs() -> None:
    film = Film(Plant(limits=ROOMY), chunks=9)
    first = film.next(at_once=3, in_turn=2)
    assert (first.width, names(first), film.held) == (3, ["audio", "0", "1", "2", "3", "4"], 12)
    film.finish(*names(first))
    second = film.next(first.before, at_once=3, in_turn=3)
    assert (second.width, names(second), second.before.after) == (3, ["5", "6", "7", "8"], 0)
    film.finish("5", "6", "7")
    assert (film.next(second.before).width, film.held) == (1, 4)


def test_a_part_s_task_has_the_room_that_the_part_needs() -> None:
    film = Film(Plant(limits=ROOMY), chunks=2)
    sound, chunk, _ = film.next().tasks
    assert sound.size == TaskSize(cpu=2048, memory_mib=4096, storage_gib=23)
    assert chunk.size == TaskSize(cpu=4096, memory_mib=8192, storage_gib=25)
    film.finish("audio", "0", "1", size_bytes=5 * GIB)
    joining = film.next()
    assert (joining.action, joining.size) == ("assemble", TaskSize(cpu=2048, memory_mib=8192, storage_gib=21 + 45))
    assert film.held == 2


def test_a_chunk_that_does_not_fit_leaves_everything_to_one_task() -> None:
    """At once, and as large as one that does the whole job."""
    film = Film(Plant(limits=ROOMY), chunks=9)
    film.next()
    film.finish("0", "1", size_bytes=GIB)
    film.finish("2", renditions=())
    found = film.next()
    assert (found.action, found.plan_id, found.size) == ("assemble", film.plan.id, size_of(film.job))
    assert film.held == 4


def test_sound_without_sound_fits() -> None:
    film = Film(Plant(limits=ROOMY), chunks=2)
    film.finish("audio", renditions=())
    assert film.next().action == "parts"


def test_parts_of_the_release_before_do_not_tell_their_size() -> None:
    film = Film(Plant(limits=ROOMY), chunks=1)
    film.finish("audio", "0")
    found = film.next()
    assert found.size and found.size.storage_gib == 21 + 3 * RENDITIONS * LARGE // GIB


def test_who_waits_gets_room_with_the_next_round() -> None:
    plant = Plant(limits=VcpuLimits(environment=24, tenant=24))
    film = Film(plant, chunks=100)
    wide = film.next()
    assert (wide.width, film.held) == (5, 20)
    at_once = plant.arrive("ten_b")
    assert at_once.id in plant.executions.names  # the room that was left
    waiting = plant.arrive("ten_c")
    assert waiting.id not in plant.executions.names
    film.finish(*names(wide))
    narrow = film.next(wide.before)
    assert (narrow.width, film.held) == (1, 4)
    plant.admission.admit_next()
    assert waiting.id in plant.executions.names
    film.finish(*names(narrow))
    assert (film.next(narrow.before).width, film.held) == (3, 12)  # nobody waits any more


def test_a_tenant_s_own_jobs_that_wait_for_its_share_count_as_well() -> None:
    plant = Plant(limits=VcpuLimits(environment=100, tenant=12))
    film = Film(plant, chunks=100)
    wide = film.next()
    assert film.held == 8
    queue = [plant.arrive("ten_a") for _ in range(3)]
    plant.sweep()  # it gives turns, and must not forget who is left
    assert [job.id in plant.executions.names for job in queue] == [True, False, False]
    film.finish(*names(wide))
    assert film.next(wide.before).width == 1
    plant.admission.admit_next()
    assert [job.id in plant.executions.names for job in queue] == [True, True, False]


@pytest.mark.parametrize("room", [-30, 0, 3, 4, 7])
def test_at_least_one_task_goes_on(room: int) -> None:
    assert tasks_at_once(wanted=40, task_vcpus=4, room=room, somebody_waits=False) == 1
    assert tasks_at_once(wanted=40, task_vcpus=4, room=400, somebody_waits=True) == 1


def test_two_films_cannot_both_have_the_last_room() -> None:
    plant = Plant(limits=VcpuLimits(environment=32, tenant=28))
    one, other = Film(plant, chunks=50), Film(plant, chunks=50, tenant_id="ten_b")

    class Overtaken(FakeRecords):
        overtaken = False

        def commit(self, *writes: Write) -> None:
            if not self.overtaken:
                self.overtaken = True
                other.next()
            super().commit(*writes)

    plant.records, theirs = Overtaken(), plant.records
    plant.records.rows = theirs.rows
    assert (one.next().width, other.held, one.held) == (1, 24, 4)


def test_while_many_start_one_task_goes_on() -> None:
    film = Film(Plant(limits=ROOMY), chunks=50)

    class Crowded(FakeRecords):
        def commit(self, *writes: Write) -> None:
            raise WriteConflict

    film.plant.records, theirs = Crowded(), film.plant.records
    film.plant.records.rows = theirs.rows
    assert (film.next().width, film.held) == (1, 4)


def test_fewer_tasks_at_once_where_parts_found_no_capacity_and_one_at_last() -> None:
    film = Film(Plant(limits=ROOMY), chunks=100)
    widths, before = [], None
    while (found := film.next(before, at_once=13)).action == "parts":
        widths.append(found.width)
        film.finish(*names(found)[:-1])  # the last of them is left
        before = found.before
    assert widths == [13, 6, 3, 1]
    assert (found.action, film.held) == ("left", 4)
    assert found.size == TaskSize(cpu=4096, memory_mib=8192, storage_gib=25)
    assert found.before.after == 0


def test_a_job_that_has_ended_or_was_planned_anew_is_over() -> None:
    film = Film(Plant(limits=ROOMY), chunks=2)
    assert film.next(attempt=2).action == "over"
    film.plant.end(film.job)
    assert film.next().action == "over"
    assert film.plant.records.leases() == []


def test_a_job_that_ends_meanwhile_gets_its_lease_back_from_nobody() -> None:
    film = Film(Plant(limits=ROOMY), chunks=2)

    class Cancelled(FakeRecords):
        def leases(self) -> list[Lease]:
            found = super().leases()
            if found:
                film.plant.end(film.job)
            return found

    film.plant.records, theirs = Cancelled(), film.plant.records
    film.plant.records.rows = theirs.rows
    assert film.next().width == 1
    assert FakeRecords.leases(film.plant.records) == []


def test_after_the_deadline_no_round_begins_but_what_is_encoded_is_joined() -> None:
    film = Film(Plant(limits=ROOMY), chunks=2)
    film.plant.now.tick(seconds=int((TOTAL_DEADLINE + timedelta(minutes=1)).total_seconds()))
    late = film.next()
    assert (late.action, late.error and late.error.code) == ("late", "provider.timeout")
    film.finish("audio", "0", "1")
    assert film.next().action == "assemble"


def test_a_small_job_s_parts_take_no_more_than_it_holds() -> None:
    film = Film(Plant(limits=VcpuLimits(environment=4, tenant=4)), chunks=3, source_bytes=SMALL)
    found = film.next()
    assert (found.width, film.held) == (1, 2)
    assert {task.size.vcpus for task in found.tasks} == {2}
