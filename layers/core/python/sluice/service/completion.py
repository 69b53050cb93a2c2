"""Completion is the server's: S3 joins exactly the parts that were declared, or the upload stays open."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sluice.domain.errors import SluiceError
from sluice.domain.models import ErrorInfo
from sluice.domain.parts import part_count, part_length
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadChecksumMismatch, UploadClosed, UploadIncomplete, UploadSizeMismatch
from sluice.service.expiry import expire_upload
from sluice.service.ports import Clock, Ids, Records, StoredPart, UploadObjects
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import fail_upload, moving

REOPENED_FOR = timedelta(minutes=15)


def complete_upload(
    *,
    tenant_id: str,
    upload_id: str,
    environment: str,
    records: Records,
    objects: UploadObjects,
    new_id: Ids,
    now: Clock,
) -> None:
    """Join the parts of an upload in `completing`; the S3 event of the new object moves it to `complete`.

    Missing parts and wrong bytes reopen the upload with the error, so that the client can send them again; past its
    deadline it expires. A fetched upload has no such client and fails. Repeats are no-ops.
    """
    upload = records.upload(tenant_id, upload_id)
    if upload is None or upload.state is not UploadState.COMPLETING:
        return
    fail = partial(fail_upload, tenant_id=tenant_id, upload_id=upload_id, environment=environment, records=records)
    try:
        parts = objects.parts(upload.key, upload.multipart_id)
        check_parts(upload, parts)
        objects.complete_multipart(upload.key, upload.multipart_id, parts, checksum=upload.declared_checksum)
    except UploadClosed as gone:
        if objects.head(upload.key) is None:  # nothing can complete it any more
            fail(error=ErrorInfo.of(gone), new_id=new_id, now=now)
        # else it was joined before; its S3 event, or reconcile, takes it from here
    except (UploadIncomplete, UploadSizeMismatch, UploadChecksumMismatch) as wrong:
        if upload.source is None:
            _reopen(upload, wrong, records=records, now=now)
            if upload.expires_at <= now():  # no client either that could send them again
                expire_upload(upload, environment=environment, records=records, objects=objects, new_id=new_id, now=now)
        else:
            fail(error=ErrorInfo.of(wrong), new_id=new_id, now=now)
            objects.abort_multipart(upload.key, upload.multipart_id)


def check_parts(upload: Upload, parts: Sequence[StoredPart]) -> None:
    """Raises UploadIncomplete naming the first missing part, UploadSizeMismatch naming the first wrong one."""
    stored = {part.number: part for part in parts}
    for number in range(1, part_count(upload.size_bytes, upload.part_size) + 1):
        part = stored.pop(number, None)
        if part is None:
            raise UploadIncomplete(f"Part {number} has not been stored yet.")
        if part.size != part_length(upload.size_bytes, upload.part_size, number):
            raise UploadSizeMismatch(f"Part {number} does not have its exact size.")
    if stored:
        raise UploadSizeMismatch(f"Part {min(stored)} does not belong to this upload.")


@retry_on_conflict
def _reopen(upload: Upload, error: SluiceError, *, records: Records, now: Clock) -> None:
    current = records.upload(upload.tenant_id, upload.id)
    if current is not None and current.state is UploadState.COMPLETING:
        moment = now()
        # the client has to come back first: its time without signing begins anew
        idle_until = current.idle_until and max(current.idle_until, moment + REOPENED_FOR)
        _, writes = moving(current, UploadState.OPEN, moment, error=ErrorInfo.of(error), idle_until=idle_until)
        records.commit(*writes)
