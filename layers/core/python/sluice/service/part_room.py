"""The vCPUs of a job in parts: its lease is as wide as the tasks that run for it at once.

Nobody waits here while holding something: a job always has the room of one task, the one that it began with.
"""

from sluice.domain.leases import VcpuLimits, in_use, room_left, tasks_at_once
from sluice.domain.models import Job
from sluice.service.ports import Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.vcpu_admission import written


@retry_on_conflict
def take_room(job: Job, *, wanted: int, task_vcpus: int, records: Records, limits: VcpuLimits) -> int:
    """How many of `wanted` tasks may run at once, at least one; the job's lease holds that many from now on.

    Raises WriteConflict while many others start.
    """
    book = records.lease_book()  # before the leases: one that comes in between is a conflict
    leases = records.leases()
    mine = next((lease for lease in leases if lease.job_id == job.id), None)
    if mine is None:  # the job has ended
        return 1
    used = in_use(lease for lease in leases if lease.job_id != job.id)
    width = tasks_at_once(
        wanted=wanted,
        task_vcpus=task_vcpus,
        room=room_left(job.tenant_id, used, limits),
        somebody_waits=book.waits(job.tenant_id),
    )
    after = mine.model_copy(update={"vcpus": width * task_vcpus, "version": mine.version + 1})
    if after.vcpus > mine.vcpus:
        records.commit(Replace(after), written(book))
    elif after.vcpus < mine.vcpus:
        records.commit(Replace(after))
    return width
