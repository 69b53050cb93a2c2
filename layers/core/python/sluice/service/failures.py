"""What a failed transcode attempt means: try again, on which capacity, or tell the tenant that it failed.

AWS ends every non-zero exit and every Spot stop as the same `States.TaskFailed`, so the task's own result row is read
first and the task description in `Cause` second.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sluice.domain.chunks import is_part
from sluice.domain.errors import ErrorClass
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, ErrorInfo, Job
from sluice.domain.states import JOB_EDGES, AssetState, JobState, check_edge
from sluice.service.lease_ports import Release
from sluice.service.ports import Clock, Create, Ids, Records, Replace
from sluice.service.retries import retry_on_conflict

SPOT, ON_DEMAND = "FARGATE_SPOT", "FARGATE"
TOTAL_DEADLINE = timedelta(hours=24)
# A day of waits of a minute would fill an execution's history.
LONGEST_CAPACITY_WAIT_S = 900
STOPPED_CODES = frozenset({143, 137, None})  # SIGTERM, SIGKILL when that took too long, lost sight of
FREE_REASONS = ("SpotInterruption", "TerminationNotice", "ServiceSchedulerInitiated")
FREE_ERRORS = (
    "ThrottlingException",
    "CapacityError",
    "RESOURCE:",
    "Capacity is unavailable",
    "limit on the number of vCPUs",
)

# Times in a row that a chunk finds no capacity; then it is left to a later round, with fewer tasks at once. With more,
# the 400 chunks of a film would fill an execution's history before that, and nothing could be done at all.
MOST_DENIED = 3

Action = Literal["retry", "fail", "done", "leave"]


@dataclass(frozen=True)
class Failure:
    """What the state machine knows when an attempt ended badly."""

    tenant_id: str
    job_id: str
    attempt: int
    capacity: str
    error: str  # the state's error name, e.g. "States.TaskFailed", "ECS.AccessDeniedException"
    cause: str  # for .sync the task description as JSON
    started_at: datetime  # of the execution
    unit: str = ""  # whose result row to read: a part of the job, or the attempt itself
    denied: int = 0  # times in a row that it found no capacity


@dataclass(frozen=True)
class Verdict:
    action: Action
    attempt: int  # to run next
    capacity: str
    wait_s: int
    error: ErrorInfo | None
    denied: int = 0


def provider_error(code: str, message: str) -> ErrorInfo:
    return ErrorInfo(code=code, error_class=ErrorClass.PROVIDER, retryable=True, message=message)


def classify_failure(
    failure: Failure, *, records: Records, now: Clock, max_attempts: int, fault_wait_s: int, capacity_wait_s: int
) -> Verdict:
    """The task's result row decides; without one, the task description does.

    `capacity_wait_s`: the first one after Spot, quota and throttle errors, which are no fault of the job.
    """
    result = records.job_result(failure.tenant_id, failure.job_id, failure.attempt, failure.unit)
    if result is not None and result.outcome in ("succeeded", "chunked"):
        return Verdict("done", failure.attempt, failure.capacity, 0, None)
    if result is not None and result.error is not None and not result.error.retryable:
        return Verdict("fail", failure.attempt, failure.capacity, 0, result.error)
    # a stale word of an interrupted run must not excuse one that never started, or ended by itself before its own word
    excused = result is not None and result.outcome == "interrupted" and _was_stopped(failure)
    free = excused or was_interrupted(failure)
    error = (result.error if result else None) or described_error(failure)
    late = now() - failure.started_at > TOTAL_DEADLINE
    attempt = failure.attempt if free else failure.attempt + 1
    if late or attempt > max_attempts:
        return Verdict("fail", failure.attempt, failure.capacity, 0, error)
    denied = failure.denied + 1 if free and not _ran(failure) else 0
    if denied >= MOST_DENIED and is_part(failure.unit):
        return Verdict("leave", attempt, failure.capacity, 0, error)
    # on-demand capacity is not taken back: for the last try, and once Spot was missing or taken
    capacity = ON_DEMAND if free or attempt >= max_attempts else failure.capacity
    wait_s = doubled(capacity_wait_s, denied) if free else fault_wait_s
    return Verdict("retry", attempt, capacity, wait_s, error, denied)


def doubled(wait_s: int, denied: int) -> int:
    """Seconds: with each time in a row that there was no capacity."""
    return min(LONGEST_CAPACITY_WAIT_S, wait_s << min(max(0, denied - 1), 8))


def _ran(failure: Failure) -> bool:
    return any("ExitCode" in container for container in _task(failure).get("Containers", []))


def _was_stopped(failure: Failure) -> bool:
    codes = {container.get("ExitCode") for container in _task(failure).get("Containers", [])}
    return bool(codes) and codes <= STOPPED_CODES


def was_interrupted(failure: Failure) -> bool:
    """True when capacity, not the job, was at fault; such an end consumes no attempt."""
    task = _task(failure)
    if task.get("StopCode") in FREE_REASONS:
        return True
    if failure.error == "States.TaskFailed":  # a task that ran is judged by its end, one that could not start by why
        reason = str(task.get("StoppedReason", "")) if task.get("StopCode") == "TaskFailedToStart" else ""
        return any(word in reason for word in FREE_ERRORS)
    return any(word in failure.error or word in failure.cause for word in FREE_ERRORS)


def described_error(failure: Failure) -> ErrorInfo:
    """A typed error for an attempt that left no word of its own."""
    if failure.error == "States.Timeout":
        return provider_error("provider.timeout", "Processing took longer than allowed.")
    task = _task(failure)
    containers = task.get("Containers", [])
    reasons = " ".join(str(one.get("Reason", "")) for one in [*containers, {"Reason": task.get("StoppedReason", "")}])
    if "OutOfMemory" in reasons:
        return provider_error("provider.out_of_memory", "Processing needed more memory than there is.")
    if 137 in [container.get("ExitCode") for container in containers]:
        return provider_error("provider.killed", "Processing was stopped: out of memory or killed.")
    if task.get("StopCode") == "TaskFailedToStart" or task.get("Failures"):
        return provider_error("provider.not_started", "Processing could not be started.")
    if containers and not any("ExitCode" in container for container in containers):
        return provider_error("provider.lost", "The machine that processed it was lost.")
    return provider_error("provider.task_failed", "Processing failed on our side.")


def _task(failure: Failure) -> dict[str, Any]:
    try:
        task = json.loads(failure.cause)
    except ValueError:
        return {}
    return task if isinstance(task, dict) else {}


@retry_on_conflict
def fail_transcode(
    *,
    tenant_id: str,
    job_id: str,
    error: ErrorInfo,
    environment: str,
    records: Records,
    new_id: Ids,
    now: Clock,
) -> None:
    """End the job, and its asset unless that has a version. A no-op for a job that has ended."""
    job = records.job(tenant_id, job_id)
    if job is None or not JOB_EDGES[job.state]:
        return
    asset = records.asset(tenant_id, job.asset_id)
    moment = now()
    failed = ended(job, JobState.FAILED, error, moment)
    if asset is None or not at_work(asset, job):
        records.commit(Replace(failed), Release(job.id))
        return
    origin = Origin(environment=environment, now=moment, event_id=new_id(Prefix.EVENT))
    refused = error.error_class is ErrorClass.INPUT
    left = what_is_left(asset, records, refused=refused)
    told = EventType.TRANSCODE_FAILED if left["to"] is AssetState.READY else EventType.ERROR_PROCESSING
    after, event = advance(asset, told, origin, error=error, **left)
    records.commit(Replace(failed), Replace(after), Create(event), Release(job.id))


def what_is_left(asset: Asset, records: Records, *, refused: bool) -> dict[str, Any]:
    """State, and where it changes the version, of an asset whose transcode has ended without a result.

    A full version stays: only the newest transcode failed. An early one never made the asset ready. It stays playable,
    unless the source itself was `refused`: then the copy of it is as bad, or as forbidden.
    """
    active = asset.active_version
    version = records.asset_version(asset.tenant_id, asset.id, active) if active else None
    if version and not version.early:
        return {"to": AssetState.READY}
    if version and refused:
        return {"to": AssetState.FAILED, "active_version": None, "playable": False, "duration_s": None}
    return {"to": AssetState.FAILED}


def at_work(asset: Asset, job: Job) -> bool:
    """The asset waits for this job and for no newer one."""
    return asset.job_id == job.id and asset.state in (AssetState.UPLOADED, AssetState.PROCESSING)


def ended(job: Job, to: JobState, error: ErrorInfo, moment: datetime) -> Job:
    changes = {
        "state": check_edge(JOB_EDGES, job.state, to),
        "error": error,
        "updated_at": moment,
        "finished_at": moment,
        "version": job.version + 1,
    }
    return job.model_copy(update=changes)
