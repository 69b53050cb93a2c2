"""Executions start as vCPUs allow: a job without room stays queued, and is started when its turn comes.

A lease is a row; its job's end removes it in the same transaction. Whoever hears of that starts the next jobs, and so
does `reconcile`. What a crash leaves is healed from the jobs themselves: a lease whose job has ended goes, a lease
whose execution was never started starts it.
"""

from dataclasses import dataclass

from sluice.domain.errors import WriteConflict
from sluice.domain.leases import Lease, LeaseBook, Room, VcpuLimits, in_use, next_in_turn, room_for
from sluice.domain.models import Job
from sluice.domain.states import JOB_EDGES, JobState
from sluice.domain.task_sizes import TaskSize, transcode_size
from sluice.service.lease_ports import Release
from sluice.service.ports import Clock, Create, Executions, Records, Replace
from sluice.service.retries import retry_on_conflict


def size_of(job: Job) -> TaskSize:
    return job.size or transcode_size(job.source_bytes)


def vcpus_of(job: Job) -> int:
    return size_of(job).vcpus


@dataclass(frozen=True, kw_only=True)
class Admission:
    """`Executions` that wait for room."""

    executions: Executions
    records: Records
    limits: VcpuLimits
    now: Clock

    def start(self, job: Job, /) -> bool:
        """True as well while the job waits for its turn."""
        try:
            room = self._lease(job, newcomer=True)
        except WriteConflict:  # many at once: `reconcile` starts it within a minute or two
            return True
        return self.executions.start(job) if room is Room.FREE else True

    def running(self, job: Job, /) -> bool:
        return self.executions.running(job)

    def stop(self, job: Job, /) -> None:
        self.executions.stop(job)

    @retry_on_conflict
    def _lease(self, job: Job, *, newcomer: bool) -> Room:
        book = self.records.lease_book()  # before the leases: one that comes in between is a conflict
        leases = self.records.leases()
        if any(lease.job_id == job.id for lease in leases):
            return Room.FREE
        room = room_for(job.tenant_id, vcpus_of(job), in_use(leases), self.limits)
        if newcomer and book.waits(job.tenant_id) and room is Room.FREE:
            return Room.FULL
        if room is Room.FREE:
            self.records.commit(Create(self._new_lease(job)), written(book))
        elif not book.waits(job.tenant_id):
            self.records.commit(written(_with_waiting(book, job.tenant_id, room)))
        return room

    def _new_lease(self, job: Job) -> Lease:
        return Lease(job_id=job.id, tenant_id=job.tenant_id, vcpus=vcpus_of(job), created_at=self.now())

    def admit_next(self) -> int:
        """Some vCPUs are free again: `admit_waiting`, if anybody waits."""
        book = self.records.lease_book()
        return self.admit_waiting() if book.all_wait or book.tenants_waiting else 0

    def admit_waiting(self) -> int:
        """Give leases of ended jobs back, then start whose turn it is. Returns how many were started."""
        held = [lease for lease in self.records.leases() if not self._given_back(lease)]
        used = in_use(held)
        queues = self._queues({lease.job_id for lease in held})
        started, full = 0, []
        while queues:
            tenant_id = next_in_turn(queues, used)
            job = self.records.job(tenant_id, queues[tenant_id][0])
            room = self._lease(job, newcomer=False) if job and job.state is JobState.QUEUED else None
            if room is Room.FULL:  # nobody overtakes: a smaller job would keep this one waiting for ever
                return started
            if room is Room.TENANT_FULL:
                del queues[tenant_id]
                full.append(tenant_id)
                continue
            if job and room is Room.FREE:
                used[tenant_id] = used.get(tenant_id, 0) + vcpus_of(job)
                self.executions.start(job)
                started += 1
            queues[tenant_id].pop(0)
            if not queues[tenant_id]:
                del queues[tenant_id]
        self._write_who_waits(tuple(full))
        return started

    def _given_back(self, lease: Lease) -> bool:
        job = self.records.job(lease.tenant_id, lease.job_id)
        if job is not None and JOB_EDGES[job.state]:
            return False
        self.records.commit(Release(lease.job_id))
        return True

    def _queues(self, leased: set[str]) -> dict[str, list[str]]:
        queues: dict[str, list[str]] = {}
        for tenant_id, job_id in sorted(self.records.unfinished_job_ids(), key=lambda one: one.job_id):
            if job_id not in leased:
                queues.setdefault(tenant_id, []).append(job_id)
        return queues

    def _write_who_waits(self, tenants: tuple[str, ...]) -> None:
        """Of those that this sweep saw."""
        book = self.records.lease_book()
        if not book.all_wait and book.tenants_waiting == tenants:
            return
        try:
            self.records.commit(written(LeaseBook(tenants_waiting=tenants, version=book.version)))
        except WriteConflict:
            return  # a job came meanwhile: the next sweep is for it


def written(book: LeaseBook) -> Create | Replace:
    after = book.model_copy(update={"version": book.version + 1})
    return Create(after) if book.version == 0 else Replace(after)


def _with_waiting(book: LeaseBook, tenant_id: str, room: Room) -> LeaseBook:
    if room is Room.FULL:
        return book.model_copy(update={"all_wait": True})
    return book.model_copy(update={"tenants_waiting": (*book.tenants_waiting, tenant_id)})
