"""What holds after every step of a trace, and what holds at its end."""

from typing import Any

from sluice.domain.states import JobState, UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadIncomplete, UploadSizeMismatch
from sluice.service.completion import check_parts
from sluice.service.ports import StoredObject
from tests.faults.upload_traces.cloud import POLICIES, Cloud

UNSETTLED = (UploadState.OPEN, UploadState.COMPLETING)


def as_declared(upload: Upload, stored: StoredObject) -> bool:
    declared = upload.declared_checksum
    return stored.size == upload.size_bytes and declared in (None, stored.checksum)


def check_now(cloud: Cloud) -> None:
    assert cloud.records.broken == []
    assert cloud.records.early <= cloud.given_up, "given up before its deadline, by nobody"
    _check_objects(cloud)
    for upload in cloud.records.uploads.values():
        _check_upload(cloud, upload)
    _check_usage(cloud)


def _check_objects(cloud: Cloud) -> None:
    history = cloud.bucket.history
    assert cloud.bucket.objects == {stored.key: stored.object for stored in history}, "an object was lost"
    assert len(cloud.bucket.objects) == len(history), "an object was overwritten"
    declared = {upload.key: upload for upload in cloud.records.uploads.values()}
    for stored in history:
        if stored.by_us:
            assert stored.object.size == declared[stored.key].size_bytes, "joined by us, and not of the declared size"


def _check_upload(cloud: Cloud, upload: Upload) -> None:
    stored = cloud.bucket.objects.get(upload.key)
    if upload.state is UploadState.COMPLETE:
        assert stored is not None and as_declared(upload, stored), "accepted, and not what was declared"
        assert upload.etag == stored.etag
    if upload.state in UNSETTLED and upload.id not in cloud.lost_multiparts:
        assert stored is not None or upload.multipart_id in cloud.bucket.open, "open, and its parts are gone"


def _check_usage(cloud: Cloud) -> None:
    """Exactly what is open, of the tenant and of each creator."""
    tenant_id = cloud.calm.caller.tenant_id
    mine = [upload for upload in cloud.records.uploads.values() if upload.state in UNSETTLED]
    for creator_id in (None, *{upload.creator_id for upload in cloud.records.uploads.values()}):
        counted = [upload for upload in mine if creator_id in (None, upload.creator_id)]
        usage = cloud.records.usage(tenant_id, creator_id)
        assert usage.open_uploads == len(counted), (creator_id, usage)
        assert usage.open_bytes == sum(upload.size_bytes for upload in counted), (creator_id, usage)


def check_quota(cloud: Cloud, fields: dict[str, Any], *, refused: bool) -> None:
    """Right after a creation: refused when it would have been above a limit, and only then."""
    name = next((name for name, at in cloud.policies.items() if at == fields.get("policy_id")), None)
    if name is None:
        assert not refused
        return
    most, records, tenant_id = POLICIES[name].quotas, cloud.records, cloud.calm.caller.tenant_id
    extra, size = (1, fields["size_bytes"]) if refused else (0, 0)
    limits = [(records.usage(tenant_id, None), most.max_open_uploads, most.max_open_bytes)]
    if creator_id := fields.get("creator_id"):
        of_creator = most.max_open_uploads_per_creator, most.max_open_bytes_per_creator
        limits.append((records.usage(tenant_id, creator_id), *of_creator))
    above = any(
        (uploads is not None and usage.open_uploads + extra > uploads)
        or (size_bytes is not None and usage.open_bytes + size > size_bytes)
        for usage, uploads, size_bytes in limits
    )
    assert above is refused, (fields, limits)


def promised(cloud: Cloud) -> set[str]:
    """Uploads that must end as complete: their whole file is there, and somebody asked for it."""
    rows = [upload for upload in cloud.records.uploads.values() if upload.state in UNSETTLED]
    return {upload.id for upload in rows if _is_there(cloud, upload)}


def _is_there(cloud: Cloud, upload: Upload) -> bool:
    stored = cloud.bucket.objects.get(upload.key)
    if stored is not None:
        return as_declared(upload, stored)
    if upload.state is not UploadState.COMPLETING or upload.id in cloud.lost_multiparts:
        return False
    try:
        check_parts(upload, cloud.bucket.parts(upload.key, upload.multipart_id))
    except (UploadIncomplete, UploadSizeMismatch):
        return False
    return upload.declared_checksum in (None, cloud.bucket.whole_checksum(upload.multipart_id))


def check_settled(cloud: Cloud, kept: set[str]) -> None:
    """After the last reconcile, when every deadline has passed."""
    check_now(cloud)
    uploads = cloud.records.uploads.values()
    assert [upload for upload in uploads if upload.state in UNSETTLED] == [], "stuck"
    assert [name for name in kept if cloud.upload(name).state is not UploadState.COMPLETE] == [], "lost"
    queued = {job.id for job in cloud.records.jobs.values() if job.state is JobState.QUEUED}
    assert queued <= set(cloud.calm.executions.names), "a job that nobody runs"
    for upload in uploads:
        _check_end(cloud, upload)
    known = {upload.multipart_id for upload in uploads}
    assert [name for name in cloud.bucket.open if name not in known | cloud.left_open] == [], "parts of nobody"


def _check_end(cloud: Cloud, upload: Upload) -> None:
    if upload.state in (UploadState.EXPIRED, UploadState.ABORTED):
        assert upload.multipart_id not in cloud.bucket.open.keys() - cloud.left_open, "its parts are still there"
        arrived = [stored.step for stored in cloud.bucket.history if stored.key == upload.key]
        if arrived and as_declared(upload, cloud.bucket.objects[upload.key]) and upload.id not in cloud.given_up:
            assert cloud.records.settled_at[upload.id] <= arrived[0], "the file was there, and was given up"
    asset = cloud.calm.asset_of(upload)
    sequences = [event.sequence for event in cloud.records.events(asset.tenant_id, asset.id)]
    assert sequences == list(range(1, asset.sequence + 1)), "a gap in the history"
    if upload.state is UploadState.COMPLETE and upload.transcode == "auto":
        assert asset.job_id in cloud.records.jobs
