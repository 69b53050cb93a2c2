"""Room for transcodes: limits hold whatever crashes, nothing waits for ever, and turns are fair."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.ids import Prefix
from sluice.domain.leases import Lease, VcpuLimits, in_use, next_in_turn
from sluice.domain.models import Job
from sluice.domain.states import JOB_EDGES, JobState
from sluice.domain.task_sizes import transcode_size
from sluice.service.failures import ended
from sluice.service.lease_ports import Release
from sluice.service.part_room import take_room
from sluice.service.ports import Create, Replace, Write
from sluice.service.vcpu_admission import Admission, vcpus_of
from tests.contract.samples import make_job
from tests.fakes.pipeline import FakeExecutions
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds
from tests.unit.world import KILLED

SMALL, LARGE = 1 << 20, 1 << 30  # 2 and 4 vCPU
TENANTS = ["ten_a", "ten_b", "ten_c"]
LIMITS = VcpuLimits(environment=12, tenant=8)


class Crash(Exception):
    pass


class CrashingRecords(FakeRecords):
    """`crash` ends the process before or after the next write."""

    crash: str | None = None

    def commit(self, *writes: Write) -> None:
        crash, self.crash = self.crash, None
        if crash == "before":
            raise Crash
        super().commit(*writes)
        if crash == "after":
            raise Crash


@dataclass
class Plant:
    limits: VcpuLimits = LIMITS
    records: CrashingRecords = field(default_factory=CrashingRecords)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    now: FakeClock = field(default_factory=FakeClock)
    new_id: FakeIds = field(default_factory=FakeIds)

    @property
    def admission(self) -> Admission:
        return Admission(executions=self.executions, records=self.records, limits=self.limits, now=self.now)

    def queue(self, tenant_id: str, source_bytes: int = LARGE) -> Job:
        self.now.tick(seconds=1)
        size = transcode_size(source_bytes)
        job = make_job(id=self.new_id(Prefix.JOB), tenant_id=tenant_id, source_bytes=source_bytes, size=size)
        FakeRecords.commit(self.records, Create(job))
        return job

    def arrive(self, tenant_id: str, source_bytes: int = LARGE) -> Job:
        job = self.queue(tenant_id, source_bytes)
        self.admission.start(job)
        return job

    def end(self, job: Job, *, give_back: bool = True) -> None:
        """As the use cases do; without giving back, as a release of the product without leases did."""
        failed = ended(self.job(job.id), JobState.FAILED, KILLED, self.now())
        FakeRecords.commit(self.records, Replace(failed), *([Release(job.id)] if give_back else []))
        self.executions.ended.add(job.id)

    def job(self, job_id: str) -> Job:
        [found] = [job for job in self.jobs() if job.id == job_id]
        return found

    def jobs(self) -> list[Job]:
        return [row for row in self.records.rows.values() if isinstance(row, Job)]

    def unfinished(self) -> list[Job]:
        return [job for job in self.jobs() if JOB_EDGES[job.state]]

    def at_work(self) -> list[Job]:
        return [job for job in self.unfinished() if job.id in self.executions.names]

    def sweep(self) -> None:
        """As `reconcile` does: turns first, then each unfinished job."""
        self.admission.admit_waiting()
        for job in self.unfinished():
            self.admission.start(job)


def used(jobs: list[Job], tenant_id: str | None = None) -> int:
    return sum(vcpus_of(job) for job in jobs if tenant_id in (None, job.tenant_id))


def widen(plant: Plant, job: Job, wanted: int) -> None:
    """As before a round of a job in parts."""
    width = take_room(job, wanted=wanted, task_vcpus=vcpus_of(job), records=plant.records, limits=plant.limits)
    assert 1 <= width <= wanted


def check_limits(plant: Plant) -> None:
    held = in_use(plant.records.leases())
    assert sum(held.values()) <= LIMITS.environment
    assert all(vcpus <= LIMITS.tenant for vcpus in held.values())
    running = plant.at_work()
    assert used(running) <= LIMITS.environment
    assert all(used(running, tenant_id) <= LIMITS.tenant for tenant_id in TENANTS)


def stumble(plant: Plant, random: Random, deed: Any) -> None:
    plant.records.crash = random.choice([None, None, None, "before", "after"])
    plant.executions.failing = random.random() < 0.15
    try:
        deed()
    except (Crash, ProviderFailure):
        pass
    finally:
        plant.records.crash, plant.executions.failing = None, False


@pytest.mark.parametrize("seed", range(60))
def test_limits_hold_and_everybody_is_served_whatever_crashes(seed: int) -> None:
    random, plant = Random(seed), Plant()
    for _ in range(60):
        deed = random.choice(["arrive", "arrive", "end", "sweep", "widen"])
        if deed == "arrive":
            job = plant.queue(random.choice(TENANTS), random.choice([SMALL, LARGE]))
            stumble(plant, random, lambda job=job: plant.admission.start(job))
        elif deed == "sweep":
            stumble(plant, random, plant.sweep)
        elif deed == "widen" and (running := plant.at_work()):
            job, wanted = random.choice(running), random.randint(1, 6)
            stumble(plant, random, lambda job=job, wanted=wanted: widen(plant, job, wanted))
        elif running := plant.at_work():
            plant.end(random.choice(running), give_back=random.random() < 0.7)
        check_limits(plant)
    for _ in range(200):
        plant.sweep()
        check_limits(plant)
        for job in plant.at_work():
            plant.end(job)
    assert plant.unfinished() == []
    assert plant.executions.names and len(plant.executions.names) == len(set(plant.executions.names))
    assert {job.id for job in plant.jobs()} == set(plant.executions.names)
    plant.sweep()
    assert plant.records.leases() == []
    book = plant.records.lease_book()
    assert not book.all_wait and book.tenants_waiting == ()


def test_a_turn_goes_to_who_has_the_fewest_in_use_then_to_the_oldest() -> None:
    queues = {"a": ["job_1"], "b": ["job_3"], "c": ["job_2"]}
    assert next_in_turn(queues, {"a": 4, "b": 2, "c": 2}) == "c"
    assert next_in_turn(queues, {}) == "a"


def test_a_crowd_of_one_tenant_does_not_hold_up_another() -> None:
    plant = Plant()
    crowd = [plant.arrive("ten_a") for _ in range(30)]
    late = [plant.arrive(tenant_id) for tenant_id in ("ten_b", "ten_c")]
    assert plant.executions.names == [crowd[0].id, crowd[1].id, late[0].id]  # 8 of ten_a's own, then all 12
    plant.end(crowd[0])
    plant.sweep()
    assert plant.executions.names[3:] == [late[1].id]
    plant.end(late[0])
    plant.sweep()
    assert plant.executions.names[4:] == [crowd[2].id]


def test_newcomers_wait_while_somebody_waits_and_nobody_overtakes() -> None:
    plant = Plant()
    small = plant.arrive("ten_a", SMALL)
    running = [plant.arrive("ten_a"), plant.arrive("ten_b")]  # 10 of 12
    waiting = plant.arrive("ten_c")
    newcomer = plant.arrive("ten_b", SMALL)  # would fit
    assert plant.executions.names == [small.id, *(job.id for job in running)]
    plant.sweep()
    assert len(plant.executions.names) == 3  # ten_c has the fewest, and no room yet
    plant.end(small)
    plant.sweep()
    assert plant.executions.names[3:] == [waiting.id]
    plant.end(running[0])
    plant.sweep()
    assert plant.executions.names[4:] == [newcomer.id]
    assert plant.arrive("ten_c", SMALL).id == plant.executions.names[-1]  # nobody waits any more


def test_two_cannot_both_have_the_last_room() -> None:
    plant = Plant(limits=VcpuLimits(environment=4, tenant=4))
    first, second = plant.queue("ten_a"), plant.queue("ten_b")

    class Overtaken(FakeRecords):
        def leases(self) -> list[Lease]:
            found = super().leases()
            if not plant.executions.names:
                plant.admission.start(first)
            return found

    records = Overtaken()
    records.rows = plant.records.rows
    Admission(executions=plant.executions, records=records, limits=plant.limits, now=plant.now).start(second)
    assert plant.executions.names == [first.id]
