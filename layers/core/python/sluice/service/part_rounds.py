"""A long job's parts in rounds: before each, its lease is made as wide as there is room, and a batch of parts chosen.

A round is short, some parts for each task that runs at once. So a job that began in a crowd gets wider when others end,
and a wide one makes room within minutes for who waits. Light: a function asks it that holds no media code.
"""

from datetime import datetime
from math import ceil
from typing import Literal, NamedTuple

from sluice.domain.chunks import AUDIO_PART, ChunkPart, ChunkPlan
from sluice.domain.errors import WriteConflict
from sluice.domain.leases import VcpuLimits
from sluice.domain.models import ErrorInfo, Job
from sluice.domain.states import JobState
from sluice.domain.task_sizes import RENDITIONS, TaskSize, assembly_size, chunk_size, largest, sound_size
from sluice.service.failures import TOTAL_DEADLINE, provider_error
from sluice.service.part_room import take_room
from sluice.service.ports import Records
from sluice.service.vcpu_admission import size_of

Action = Literal["over", "parts", "left", "assemble", "late"]


class Before(NamedTuple):
    """What the state machine remembers of the round before."""

    after: int  # parts that should be left now
    most: int  # tasks at once, in later rounds
    fewer: int  # the same if parts were left over, for lack of capacity


class PartTask(NamedTuple):
    part: str
    size: TaskSize


class Round(NamedTuple):
    action: Action
    plan_id: str = ""
    left: tuple[str, ...] = ()  # names of all parts that nobody has finished
    tasks: tuple[PartTask, ...] = ()
    width: int = 1  # of them at once
    before: Before = Before(0, 1, 0)  # the next round
    size: TaskSize | None = None  # of a task for the whole job
    error: ErrorInfo | None = None


class RoundLimits(NamedTuple):
    vcpus: VcpuLimits
    at_once: int  # tasks of one job
    in_turn: int  # parts of one round for each of them


def next_round(
    tenant_id: str,
    job_id: str,
    attempt: int,
    *,
    before: Before | None,
    started_at: datetime,
    records: Records,
    limits: RoundLimits,
    now: datetime,
) -> Round:
    """After the job's attempt, and after each round."""
    job = records.job(tenant_id, job_id)
    plan = _plan(job, attempt, records)
    if job is None or plan is None:
        return Round("over")
    done = {part.name: part for part in records.chunk_parts(tenant_id, job_id, plan.id)}
    left = tuple(name for name in plan.parts if name not in done)
    if not all(part.fits for part in done.values()):  # the last task encodes the whole source
        return _alone("assemble", job, plan, left, size_of(job), records, limits)
    if not left:
        return _alone("assemble", job, plan, left, _assembly(job, list(done.values())), records, limits)
    if now - started_at > TOTAL_DEADLINE:
        return Round("late", plan.id, left, error=provider_error("provider.timeout", "Processing took too long."))
    most = limits.at_once
    if before is not None:
        most = before.most if len(left) <= before.after else before.fewer
    if most < 1:  # not even one task found capacity: the last one does not give up until the deadline
        return _alone("left", job, plan, left, largest(*(_size(name, job, plan) for name in left)), records, limits)
    return _in_parts(job, plan, left, most, records, limits)


def unfinished(plan: ChunkPlan, records: Records) -> list[str]:
    done = {part.name for part in records.chunk_parts(plan.tenant_id, plan.job_id, plan.id)}
    return [name for name in plan.parts if name not in done]


def _plan(job: Job | None, attempt: int, records: Records) -> ChunkPlan | None:
    """None if one task did everything, or the job has ended, or another attempt has planned anew."""
    if job is None or job.state is not JobState.RUNNING or job.attempt != attempt:
        return None
    result = records.job_result(job.tenant_id, job.id, attempt)
    return records.chunk_plan(job.tenant_id, job.id, result.plan_id) if result and result.plan_id else None


def _in_parts(
    job: Job, plan: ChunkPlan, left: tuple[str, ...], most: int, records: Records, limits: RoundLimits
) -> Round:
    wanted, vcpus = min(most, len(left)), size_of(job).vcpus
    try:
        width = take_room(job, wanted=wanted, task_vcpus=vcpus, records=records, limits=limits.vcpus)
    except WriteConflict:  # many others start: what the job holds is enough for one task, whatever it is
        width = 1
    tasks = tuple(PartTask(name, _size(name, job, plan)) for name in left[: width * limits.in_turn])
    return Round("parts", plan.id, left, tasks, width, Before(len(left) - len(tasks), most, width // 2))


def _alone(
    action: Action,
    job: Job,
    plan: ChunkPlan,
    left: tuple[str, ...],
    size: TaskSize,
    records: Records,
    limits: RoundLimits,
) -> Round:
    take_room(job, wanted=1, task_vcpus=size.vcpus, records=records, limits=limits.vcpus)
    return Round(action, plan.id, left, size=size)


def _size(part: str, job: Job, plan: ChunkPlan) -> TaskSize:
    if part == AUDIO_PART:
        return sound_size(job.source_bytes)
    return chunk_size(size_of(job), plan.piece_bytes or job.source_bytes)


def _assembly(job: Job, done: list[ChunkPart]) -> TaskSize:
    """A part that did not say counts as the average of those that did."""
    said = [part.size_bytes for part in done if part.size_bytes]
    whole = ceil(sum(said) / len(said) * len(done)) if said else RENDITIONS * job.source_bytes
    return assembly_size(whole)
