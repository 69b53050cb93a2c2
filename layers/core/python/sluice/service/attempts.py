"""The life of one attempt at a transcode job: it begins, it says how it ended, it publishes.

An attempt's last word is a JobResult row, which the state machine reads before the exit code. It never fails the asset
itself: `fail_transcode` does, once no attempt is left. Every attempt writes under a version id of its own, and
publishing demands a job row unchanged since the attempt began, so a late attempt can neither mix nor overwrite media.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sluice.domain.errors import AssetNotFound, JobNotFound, ProviderFailure, SluiceError
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, AssetVersion, ErrorInfo, Job, JobResult
from sluice.domain.states import JOB_EDGES, AssetState, JobState, check_edge
from sluice.service.lease_ports import Release
from sluice.service.ports import Clock, Create, Ids, Records, Replace
from sluice.service.progress import Superseded
from sluice.service.retries import retry_on_conflict


@dataclass(frozen=True, kw_only=True)
class AttemptPorts:
    records: Records
    now: Clock
    ids: Ids
    environment: str


class Ending(StrEnum):
    PUBLISHED = "published"
    CHUNKED = "chunked"  # other tasks go on with its parts
    FINISHED = "finished"  # a part of the job, not the job
    NOTHING_TO_DO = "nothing_to_do"  # the job has ended, or a later attempt is at it


@contextmanager
def failures_told(*, tenant_id: str, job_id: str, attempt: int, ports: AttemptPorts, unit: str = "") -> Iterator[None]:
    """Whatever ends the attempt within is written into its result row, and raised."""
    try:
        yield
    except Superseded:  # the row belongs to the attempt that took over, if one did: it may have the same number
        raise
    except SluiceError as error:
        save_result(ports, tenant_id, job_id, attempt, "failed", error=ErrorInfo.of(error), unit=unit)
        raise
    except SystemExit:  # SIGTERM: capacity is taken back, or the execution was stopped
        save_result(ports, tenant_id, job_id, attempt, "interrupted", unit=unit)
        raise
    except Exception:
        unknown = ErrorInfo.of(ProviderFailure("Processing failed on our side."))
        save_result(ports, tenant_id, job_id, attempt, "failed", error=unknown, unit=unit)
        raise


@retry_on_conflict
def begin_attempt(*, tenant_id: str, job_id: str, attempt: int, capacity: str, ports: AttemptPorts) -> Job | None:
    """The job as this attempt must find it when it publishes; None if there is nothing left to do."""
    job = ports.records.job(tenant_id, job_id)
    if job is None:
        raise JobNotFound
    if not JOB_EDGES[job.state] or job.attempt > attempt or _handed_over(job, attempt, ports):
        return None
    asset = asset_of(job, ports)
    moment = ports.now()
    running = job.model_copy(
        update={
            "state": check_edge(JOB_EDGES, job.state, JobState.RUNNING),
            "attempt": attempt,
            "capacity": capacity,
            "started_at": job.started_at or moment,
            "updated_at": moment,
            "version": job.version + 1,
        }
    )
    if job.state is JobState.RUNNING and asset.state is AssetState.PROCESSING:  # an earlier attempt announced it
        ports.records.commit(Replace(running))
    else:
        origin = Origin(environment=ports.environment, now=moment, event_id=ports.ids(Prefix.EVENT))
        after, event = advance(asset, EventType.TRANSCODE_STARTED, origin, to=AssetState.PROCESSING, error=None)
        ports.records.commit(Replace(running), Replace(after), Create(event))
    forget_old_word(ports, tenant_id, job_id, attempt)
    return running


def _handed_over(job: Job, attempt: int, ports: AttemptPorts) -> bool:
    """A doubled start of an attempt that has done its share: its parts are being encoded."""
    word = ports.records.job_result(job.tenant_id, job.id, attempt)
    return word is not None and word.outcome == "chunked"


def forget_old_word(ports: AttemptPorts, tenant_id: str, job_id: str, attempt: int, unit: str = "") -> None:
    """An interrupted attempt keeps its number. Should this one die without a word, the old word must not count.

    Any other word stays: it is of a run beside this one, and others may go on by it.
    """
    old = ports.records.job_result(tenant_id, job_id, attempt, unit)
    if old is not None and old.outcome == "interrupted":
        unknown = ErrorInfo.of(ProviderFailure("Processing was stopped."))
        save_result(ports, tenant_id, job_id, attempt, "failed", error=unknown, unit=unit)


@retry_on_conflict
def publish(*, job: Job, version: AssetVersion, ports: AttemptPorts) -> None:
    """Swap the asset's pointer.

    Raises Superseded if the job row has changed since the attempt began, or the asset waits for a newer job.
    """
    asset = asset_of(job, ports)
    if asset.job_id != job.id or ports.records.job(job.tenant_id, job.id) != job:
        raise Superseded
    moment = ports.now()
    succeeded = job.model_copy(
        update={
            "state": check_edge(JOB_EDGES, job.state, JobState.SUCCEEDED),
            "version_id": version.id,
            "error": None,
            "updated_at": moment,
            "finished_at": moment,
            "version": job.version + 1,
        }
    )
    origin = Origin(environment=ports.environment, now=moment, event_id=ports.ids(Prefix.EVENT))
    after, event = advance(
        asset,
        EventType.TRANSCODE_READY,
        origin,
        to=AssetState.READY,
        active_version=version.id,
        playable=True,
        duration_s=version.duration_s,
        profile=job.profile,
        error=None,
    )
    ports.records.commit(Create(version), Replace(succeeded), Replace(after), Create(event), Release(job.id))


def asset_of(job: Job, ports: AttemptPorts) -> Asset:
    asset = ports.records.asset(job.tenant_id, job.asset_id)
    if asset is None:
        raise AssetNotFound
    return asset


def save_result(
    ports: AttemptPorts,
    tenant_id: str,
    job_id: str,
    attempt: int,
    outcome: Literal["succeeded", "failed", "interrupted", "chunked"],
    *,
    version_id: str | None = None,
    plan_id: str | None = None,
    error: ErrorInfo | None = None,
    unit: str = "",
) -> None:
    ports.records.save_result(
        JobResult(
            tenant_id=tenant_id,
            job_id=job_id,
            attempt=attempt,
            unit=unit,
            outcome=outcome,
            version_id=version_id,
            plan_id=plan_id,
            error=error,
            created_at=ports.now(),
        )
    )
