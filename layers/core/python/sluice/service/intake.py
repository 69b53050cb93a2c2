"""From an object in the uploads bucket to a running transcode. S3's event is a hint: late, doubled or lost."""

from datetime import datetime

from sluice.domain.asset_jobs import AssetJob
from sluice.domain.encoding import ProfileRef
from sluice.domain.errors import SluiceError
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Asset, ErrorInfo, Job
from sluice.domain.states import AssetState, JobState, UploadState
from sluice.domain.task_sizes import transcode_size
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadChecksumMismatch, UploadSizeMismatch
from sluice.service.duplicates import remembering
from sluice.service.ports import Clock, Create, Executions, Ids, Records, Replace, StoredObject, UploadObjects
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import moving


def parse_key(key: str) -> tuple[str, str] | None:
    """`uploads/{tenant}/{upload}` -> (tenant_id, upload_id); None for anything else."""
    match key.split("/"):
        case ["uploads", tenant_id, upload_id] if is_id(Prefix.TENANT, tenant_id) and is_id(Prefix.UPLOAD, upload_id):
            return tenant_id, upload_id
        case _:
            return None


@retry_on_conflict
def accept_object(
    *,
    tenant_id: str,
    upload_id: str,
    environment: str,
    records: Records,
    objects: UploadObjects,
    executions: Executions,
    new_id: Ids,
    now: Clock,
) -> Job | None:
    """Check the object, move upload and asset on, create the job and start it. Safe to repeat at any point.

    Returns the job, or None when there is nothing to transcode (unknown, closed or refused upload).
    """
    upload = records.upload(tenant_id, upload_id)
    asset = records.asset(tenant_id, upload.asset_id) if upload else None
    if upload is None or asset is None:
        return None
    if upload.state in (UploadState.OPEN, UploadState.COMPLETING):
        stored = objects.head(upload.key)
        if stored is None:
            return None
        origin = Origin(environment=environment, now=now(), event_id=new_id(Prefix.EVENT))
        if wrong := _difference(upload, stored):
            _refuse(upload, asset, wrong, origin, records)
            return None
        job = _accept(upload, asset, stored, origin, records, new_id)
    elif upload.state is UploadState.COMPLETE and asset.job_id is not None:
        job = records.job(tenant_id, asset.job_id)
    else:
        return None
    if job is not None and job.state is JobState.QUEUED:
        executions.start(job)
    return job


def _accept(
    upload: Upload, asset: Asset, stored: StoredObject, origin: Origin, records: Records, new_id: Ids
) -> Job | None:
    job = None
    if upload.transcode == "auto":
        job = queued(
            upload,
            stored,
            profile=asset.profile,
            job_id=new_id(Prefix.JOB),
            moment=origin.now,
            correlation_id=upload.correlation_id,
        )
    _, writes = moving(upload, UploadState.COMPLETE, origin.now, etag=stored.etag, error=None)
    job_id = job and job.id
    asset, event = advance(asset, EventType.UPLOAD_COMPLETE, origin, to=AssetState.UPLOADED, job_id=job_id)
    again = origin._replace(event_id=new_id(Prefix.EVENT))
    asset, remembered = remembering(upload, asset, stored.checksum, records, again)
    jobs = creating(job) if job else []
    records.commit(*writes, *jobs, Replace(asset), Create(event), *remembered)
    return job


def queued(
    upload: Upload,
    stored: StoredObject,
    *,
    profile: ProfileRef | None,
    job_id: str,
    moment: datetime,
    correlation_id: str,
) -> Job:
    """A new job over the object of a complete upload."""
    return Job(
        id=job_id,
        tenant_id=upload.tenant_id,
        asset_id=upload.asset_id,
        state=JobState.QUEUED,
        source_key=upload.key,
        source_bytes=stored.size,
        profile=profile,
        size=transcode_size(stored.size),
        created_at=moment,
        updated_at=moment,
        correlation_id=correlation_id,
    )


def creating(job: Job) -> list[Create]:
    """A new job's part of the transaction."""
    return [Create(job), Create(AssetJob(tenant_id=job.tenant_id, asset_id=job.asset_id, job_id=job.id))]


def _difference(upload: Upload, stored: StoredObject) -> SluiceError | None:
    """From what was declared; also for an object that was joined behind our back."""
    if stored.size != upload.size_bytes:
        return UploadSizeMismatch("The stored object does not have the declared size.")
    declared, found = upload.declared_checksum, stored.checksum
    if (
        declared and found and declared != found
    ):  # of another algorithm: joined from a multipart upload that is not ours
        return UploadChecksumMismatch("The stored object does not have the declared checksum.")
    return None


def _refuse(upload: Upload, asset: Asset, wrong: SluiceError, origin: Origin, records: Records) -> None:
    error = ErrorInfo.of(wrong)
    _, writes = moving(upload, UploadState.FAILED, origin.now, error=error)
    asset, event = advance(asset, EventType.ERROR_PROCESSING, origin, to=AssetState.FAILED, error=error)
    records.commit(*writes, Replace(asset), Create(event))
