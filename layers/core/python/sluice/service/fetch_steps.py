"""What fetching over HTTP and copying inside S3 have in common: the row of the upload, and what it is held to."""

import re
from datetime import datetime
from typing import NamedTuple

from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.parts import MAX_OBJECT_BYTES
from sluice.domain.source_errors import SourceEmpty
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import SETTLED, Upload, UploadSource
from sluice.domain.upload_errors import UploadTooLarge
from sluice.service.fetch_task import FetchLimits, FetchPorts
from sluice.service.intake_checks import check_type
from sluice.service.ports import Create, Replace, Write
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import counted, moving

UNKNOWN_TYPE = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"(video|audio)/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")


class FetchOver(Exception):
    """The upload was settled meanwhile, or another task has taken it over."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(upload.id)
        self.upload = upload  # as it was ours


class SourceFacts(NamedTuple):
    size_bytes: int | None
    content_type: str | None
    validator: str | None
    part_size: int


@retry_on_conflict
def begin(*, tenant_id: str, upload_id: str, ports: FetchPorts) -> Upload | None:
    """The upload that is to be fetched, its asset in `ingesting`; None if there is nothing left to do."""
    upload = ports.records.upload(tenant_id, upload_id)
    asset = upload and ports.records.asset(tenant_id, upload.asset_id)
    if upload is None or asset is None or upload.state is not UploadState.OPEN or upload.source is None:
        return None
    moment, writes = ports.now(), list[Write]()
    if upload.source.started_at is None:
        upload = _changed(upload, moment, source=upload.source.model_copy(update={"started_at": moment}))
        writes.append(Replace(upload))
    if asset.state is AssetState.CREATED:
        origin = Origin(environment=ports.environment, now=moment, event_id=ports.new_id(Prefix.EVENT))
        after, event = advance(asset, EventType.ASSET_UPDATED, origin, to=AssetState.INGESTING)
        writes += [Replace(after), Create(event)]
    if writes:
        ports.records.commit(*writes)
    return upload


def source_of(upload: Upload) -> UploadSource:
    assert upload.source is not None  # noqa: S101  # `begin` answers with no other upload
    return upload.source


def most_bytes(upload: Upload, limits: FetchLimits) -> int:
    most = limits.max_bytes if upload.transcode == "auto" else MAX_OBJECT_BYTES
    return most if upload.rules.max_bytes is None else min(most, upload.rules.max_bytes)


def too_large(most: int) -> UploadTooLarge:
    return UploadTooLarge(f"The file has more than {most} bytes.")


def adopt(upload: Upload, facts: SourceFacts, ports: FetchPorts) -> Upload:
    """Open a multipart upload for the file as it is now; what an earlier one holds is given up.

    Raises SourceEmpty, ContentTypeNotAllowed, QuotaExceeded, FetchOver.
    """
    if facts.size_bytes == 0:
        raise SourceEmpty()
    content_type = _accepted_type(upload, facts.content_type)
    multipart_id = ports.objects.create_multipart(
        upload.key,
        content_type=content_type,
        correlation_id=upload.correlation_id,
        checksum_algorithm=upload.checksum_algorithm,
    )
    try:
        after = _adopt(upload, multipart_id, content_type, facts, ports)
    except BaseException:  # also when the task is stopped: nobody would know of it
        ports.objects.abort_multipart(upload.key, multipart_id)
        raise
    if upload.multipart_id:
        ports.objects.abort_multipart(upload.key, upload.multipart_id)
    return after


@retry_on_conflict
def _adopt(upload: Upload, multipart_id: str, content_type: str, facts: SourceFacts, ports: FetchPorts) -> Upload:
    current = still_ours(upload, ports)
    size = facts.size_bytes or 0
    after = _changed(
        current,
        ports.now(),
        multipart_id=multipart_id,
        size_bytes=size,
        part_size=facts.part_size,
        content_type=content_type,
        held_bytes=max(current.held_bytes, size),
        source=source_of(current).model_copy(update={"validator": facts.validator}),
    )
    ports.records.commit(Replace(after), *_more_held(current, size))
    return after


def _more_held(upload: Upload, size_bytes: int) -> list[Write]:
    more = size_bytes - upload.held_bytes
    return list(counted(upload, uploads=0, size_bytes=more)) if more > 0 else []


def _changed(upload: Upload, moment: datetime, **changes: object) -> Upload:
    return upload.model_copy(update={**changes, "updated_at": moment, "version": upload.version + 1})


def still_ours(upload: Upload, ports: FetchPorts) -> Upload:
    """The row as it is now. Raises FetchOver."""
    current = ports.records.upload(upload.tenant_id, upload.id)
    if current is None or current.state is not UploadState.OPEN or current.multipart_id != upload.multipart_id:
        raise FetchOver(upload)
    return current


def _accepted_type(upload: Upload, declared: str | None) -> str:
    """What the source says; where that is of no use the probe decides later. Raises ContentTypeNotAllowed."""
    named = (declared or "").partition(";")[0].strip().lower()
    if named not in ("", UNKNOWN_TYPE, "binary/octet-stream"):
        check_type(named, rules=upload.rules)
    return named if _MEDIA_TYPE.fullmatch(named) else UNKNOWN_TYPE


@retry_on_conflict
def hand_over(upload: Upload, size_bytes: int, ports: FetchPorts) -> None:
    """Every byte is stored: from here it goes as an upload whose client has asked for completion."""
    current = still_ours(upload, ports)
    _, writes = moving(
        current,
        UploadState.COMPLETING,
        ports.now(),
        size_bytes=size_bytes,
        held_bytes=max(current.held_bytes, size_bytes),
        error=None,
    )
    ports.records.commit(*writes, *_more_held(current, size_bytes))


def leave(upload: Upload, ports: FetchPorts) -> None:
    """Parts that were still on their way when the upload was settled must not stay behind."""
    current = ports.records.upload(upload.tenant_id, upload.id)
    if upload.multipart_id and (
        current is None or current.state in SETTLED or current.multipart_id != upload.multipart_id
    ):
        ports.objects.abort_multipart(upload.key, upload.multipart_id)
