"""Fetches that ended without a word of their own: the upload fails as ours, and its parts are freed."""

from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.service.failures import provider_error
from sluice.service.ports import Clock, Ids, Records, UploadObjects
from sluice.service.settling import fail_upload

FETCH_FAILED = provider_error("provider.fetch_failed", "The source could not be fetched, by a fault on our side.")


def fail_fetch(
    *,
    tenant_id: str,
    upload_id: str,
    environment: str,
    records: Records,
    objects: UploadObjects,
    new_id: Ids,
    now: Clock,
) -> Upload | None:
    """Ends an upload that is still open; one whose bytes are all there is for its completion to settle.

    Safe to repeat: what was failed before has its parts freed again. None when there is no such upload.
    """
    upload = records.upload(tenant_id, upload_id)
    if upload is None or upload.state not in (UploadState.OPEN, UploadState.FAILED):
        return upload
    failed = fail_upload(
        tenant_id=tenant_id,
        upload_id=upload_id,
        error=FETCH_FAILED,
        environment=environment,
        records=records,
        new_id=new_id,
        now=now,
    )
    free_parts(failed, objects)
    return failed


def free_parts(upload: Upload | None, objects: UploadObjects) -> None:
    """Of an upload that takes none any more; a fetch that never began has opened nothing in S3."""
    if upload is not None and upload.state is not UploadState.COMPLETE and upload.multipart_id:
        objects.abort_multipart(upload.key, upload.multipart_id)
