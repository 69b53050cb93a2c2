"""What a tenant may do about transcodes: have an asset transcoded again, and cancel a job."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from sluice.domain.audit import Action
from sluice.domain.errors import (
    AssetNotRetryable,
    AssetNotUploaded,
    ErrorClass,
    JobActive,
    JobEnded,
    OriginalGone,
    ProviderFailure,
)
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, ErrorInfo, Job
from sluice.domain.states import JOB_EDGES, AssetState, JobState, UploadState
from sluice.domain.upload import Upload
from sluice.service.auditing import audited
from sluice.service.catalogue import get_asset, get_job
from sluice.service.encoding_profiles import profile_ref
from sluice.service.failures import at_work, ended, what_is_left
from sluice.service.intake import creating, queued
from sluice.service.lease_ports import Release
from sluice.service.ports import Clock, Create, Executions, Ids, Records, Replace, StoredObject, UploadObjects, Write
from sluice.service.retries import retry_on_conflict
from sluice.service.upload_access import Caller

logger = logging.getLogger(__name__)

CANCELLED = ErrorInfo(
    code="job.cancelled", error_class=ErrorClass.INPUT, retryable=False, message="The transcode was cancelled."
)


class OtherProfile(NamedTuple):
    """Than the asset's."""

    id: str | None  # None: the built-in one


@dataclass(frozen=True, kw_only=True)
class JobPorts:
    environment: str
    records: Records
    objects: UploadObjects
    executions: Executions
    new_id: Ids
    now: Clock


def retry_asset(
    asset_id: str, *, job_id: str, caller: Caller, ports: JobPorts, profile: OtherProfile | None = None
) -> Job:
    """A new job, `job_id`, for a failed asset or a ready one, which stays playable on the version that it has.

    Raises AssetNotFound, JobActive, AssetNotUploaded, AssetNotRetryable, OriginalGone, EncodingProfileNotFound,
    EncodingProfileArchived.
    """
    job = _queue(asset_id, job_id, profile, caller, ports)
    try:
        ports.executions.start(job)
    except ProviderFailure:  # its rows exist, so this is no error to the caller: `reconcile` starts it in a minute
        logger.warning("transcode_not_started", extra={"job_id": job.id})
    return job


@retry_on_conflict
def _queue(asset_id: str, job_id: str, other: OtherProfile | None, caller: Caller, ports: JobPorts) -> Job:
    asset = get_asset(asset_id, tenant_id=caller.tenant_id, records=ports.records)
    upload, stored = _original(asset, ports)
    origin = _origin(caller, ports)
    profile = asset.profile  # as it was: a revision that has followed is asked for by its profile's id
    if other is not None:
        profile = profile_ref(other.id, tenant_id=caller.tenant_id, records=ports.records)
    job = queued(
        upload, stored, profile=profile, job_id=job_id, moment=origin.now, correlation_id=caller.correlation_id
    )
    changes = {"job_id": job.id, "error": None}
    after, event = advance(asset, EventType.ASSET_UPDATED, origin, to=AssetState.PROCESSING, **changes)
    asked = audited(Action.ASSET_RETRY, caller, asset.id, at=origin.now, new_id=ports.new_id, job_id=job.id)
    ports.records.commit(*creating(job), Replace(after), Create(event), asked)
    return job


def _original(asset: Asset, ports: JobPorts) -> tuple[Upload, StoredObject]:
    """What is to be transcoded again, if the asset may be at all. A job that has ended stays so: no lock is needed."""
    latest = asset.job_id and ports.records.job(asset.tenant_id, asset.job_id)
    if latest and JOB_EDGES[latest.state]:
        raise JobActive()
    upload = ports.records.upload(asset.tenant_id, asset.upload_id)
    if upload is None or upload.state is not UploadState.COMPLETE:
        raise AssetNotUploaded()
    if asset.state not in (AssetState.FAILED, AssetState.READY):
        raise AssetNotRetryable()
    stored = ports.objects.head(upload.key)
    if stored is None or stored.etag != upload.etag:
        raise OriginalGone()
    return upload, stored


def cancel_job(job_id: str, *, caller: Caller, ports: JobPorts) -> Job:
    """End a queued or running job. A repetition only stops the execution again, should that have failed.

    Raises JobNotFound, JobEnded, ProviderFailure.
    """
    job = _cancel(job_id, caller, ports)
    ports.executions.stop(job)
    return job


@retry_on_conflict
def _cancel(job_id: str, caller: Caller, ports: JobPorts) -> Job:
    """Publishing writes the same row: of both, the one that commits first wins."""
    job = get_job(job_id, tenant_id=caller.tenant_id, records=ports.records).job
    if job.state is JobState.CANCELLED:
        return job
    if not JOB_EDGES[job.state]:
        raise JobEnded()
    asset = ports.records.asset(job.tenant_id, job.asset_id)
    origin = _origin(caller, ports)
    cancelled = ended(job, JobState.CANCELLED, CANCELLED, origin.now)
    given_up = _giving_up(asset, origin, ports.records) if asset and at_work(asset, job) else []
    asked = audited(Action.JOB_CANCEL, caller, job.asset_id, at=origin.now, new_id=ports.new_id, job_id=job.id)
    ports.records.commit(Replace(cancelled), *given_up, Release(job.id), asked)
    return cancelled


def _giving_up(asset: Asset, origin: Origin, records: Records) -> list[Write]:
    """An asset that has a full version is as good as before; any other has failed, playable or not."""
    left = what_is_left(asset, records, refused=False)
    if left["to"] is AssetState.READY:
        after, event = advance(asset, EventType.ASSET_UPDATED, origin, **left)
    else:
        after, event = advance(asset, EventType.ERROR_PROCESSING, origin, error=CANCELLED, **left)
    return [Replace(after), Create(event)]


def _origin(caller: Caller, ports: JobPorts) -> Origin:
    return Origin(
        environment=ports.environment,
        now=ports.now(),
        event_id=ports.new_id(Prefix.EVENT),
        request_id=caller.request_id,
    )
