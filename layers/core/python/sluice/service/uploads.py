"""An upload from the slot to its completion request. Bytes go straight to S3; this side only decides and signs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sluice.domain.errors import (
    Conflict,
    PartOutOfRange,
    UploadClosed,
    UploadExpired,
    UploadIncomplete,
    UploadNotFound,
    UploadSizeMismatch,
    UploadTooLarge,
)
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, PlaybackLookup, Upload
from sluice.domain.parts import part_count, part_size_for
from sluice.domain.states import UPLOAD_EDGES, AssetState, UploadState, check_edge
from sluice.service.ports import (
    Clock,
    CompletionQueue,
    Create,
    Ids,
    PartSigner,
    Records,
    Replace,
    SignedPart,
    StoredPart,
    UploadObjects,
)
from sluice.service.retries import retry_on_conflict

COMPLETION_WAIT_S = 3.0  # most completions are through by then; longer ones get 202 and a place to look
POLL_S = 0.15
_REOPENED = {error.code: error for error in (UploadIncomplete, UploadSizeMismatch)}


class Caller(Protocol):
    """Who asks: the tenant comes from the API key and from nowhere else."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...


@dataclass(frozen=True)
class NewUpload:
    upload_id: str  # reserved by the caller, so that a repeated request cannot make a second upload
    size_bytes: int
    content_type: str
    filename: str | None
    title: str | None
    external_id: str | None
    metadata: dict[str, str]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class UploadLimits:
    upload_ttl_s: int
    part_url_ttl_s: int
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class UploadPorts:
    environment: str
    limits: UploadLimits
    records: Records
    objects: UploadObjects
    signer: PartSigner
    queue: CompletionQueue
    new_id: Ids
    now: Clock


def object_key(tenant_id: str, upload_id: str) -> str:
    return f"uploads/{tenant_id}/{upload_id}"


def create_upload(
    command: NewUpload,
    *,
    caller: Caller,
    ports: UploadPorts,
) -> tuple[Upload, Asset]:
    """Reserve an asset and open a multipart upload. Answers with what exists when this upload was already created.

    Raises UploadTooLarge.
    """
    if command.size_bytes > ports.limits.max_bytes:
        raise UploadTooLarge(f"At most {ports.limits.max_bytes} bytes can be transcoded.")
    if existing := ports.records.upload(caller.tenant_id, command.upload_id):
        return existing, _asset_of(ports.records, existing)
    moment = ports.now()
    key = object_key(caller.tenant_id, command.upload_id)
    multipart_id = ports.objects.create_multipart(
        key, content_type=command.content_type, correlation_id=caller.correlation_id
    )
    playback_id = ports.new_id(Prefix.PLAYBACK)
    reserved = Asset(
        id=ports.new_id(Prefix.ASSET),
        tenant_id=caller.tenant_id,
        state=AssetState.CREATED,
        upload_id=command.upload_id,
        playback_ids=(playback_id,),
        title=command.title,
        external_id=command.external_id,
        metadata=command.metadata,
        tags=command.tags,
        created_at=moment,
        updated_at=moment,
        correlation_id=caller.correlation_id,
        version=0,
    )
    asset, created = advance(reserved, EventType.ASSET_CREATED, _origin(caller, ports))
    asset, opened = advance(asset, EventType.UPLOAD_CREATED, _origin(caller, ports))
    upload = Upload(
        id=command.upload_id,
        tenant_id=caller.tenant_id,
        asset_id=asset.id,
        state=UploadState.OPEN,
        key=key,
        multipart_id=multipart_id,
        size_bytes=command.size_bytes,
        part_size=part_size_for(command.size_bytes),
        content_type=command.content_type,
        filename=command.filename,
        expires_at=moment + timedelta(seconds=ports.limits.upload_ttl_s),
        created_at=moment,
        updated_at=moment,
        correlation_id=caller.correlation_id,
    )
    lookup = PlaybackLookup(playback_id=playback_id, tenant_id=caller.tenant_id, asset_id=asset.id)
    ports.records.commit(Create(upload), Create(asset), Create(lookup), Create(created), Create(opened))
    return upload, asset


def get_upload(upload_id: str, *, caller: Caller, records: Records) -> Upload:
    """Raises UploadNotFound, also for another tenant's upload."""
    upload = records.upload(caller.tenant_id, upload_id)
    if upload is None:
        raise UploadNotFound()
    return upload


@retry_on_conflict
def sign_parts(
    upload_id: str,
    numbers: Sequence[int],
    *,
    caller: Caller,
    ports: UploadPorts,
) -> list[SignedPart]:
    """URLs that each take exactly the bytes of one part. The first call moves the asset to `ingesting`.

    Raises UploadNotFound, UploadClosed, UploadExpired, PartOutOfRange.
    """
    upload = _open_upload(upload_id, caller, ports)
    last = part_count(upload.size_bytes, upload.part_size)
    if outside := [number for number in numbers if not 1 <= number <= last]:
        raise PartOutOfRange(f"Part {outside[0]} is outside 1 to {last}.")
    asset = _asset_of(ports.records, upload)
    if asset.state is AssetState.CREATED:
        origin = _origin(caller, ports)
        asset, event = advance(asset, EventType.ASSET_UPDATED, origin, to=AssetState.INGESTING)
        ports.records.commit(Replace(asset), Create(event))
    remaining_s = int((upload.expires_at - ports.now()).total_seconds())
    return ports.signer.sign(upload, numbers, expires_s=max(1, min(ports.limits.part_url_ttl_s, remaining_s)))


def list_parts(upload_id: str, *, caller: Caller, ports: UploadPorts) -> list[StoredPart]:
    """What S3 holds so far, so that a client can resume. Raises UploadNotFound, UploadClosed."""
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    if upload.state not in (UploadState.OPEN, UploadState.COMPLETING):
        raise UploadClosed()
    return ports.objects.parts(upload.key, upload.multipart_id)


@retry_on_conflict
def request_completion(upload_id: str, *, caller: Caller, ports: UploadPorts) -> Upload:
    """Ask for the parts to be joined; a repeat while that runs, or after it, changes nothing.

    Raises UploadNotFound, UploadClosed, UploadExpired.
    """
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    if upload.state in (UploadState.COMPLETING, UploadState.COMPLETE):
        return upload
    upload = _open_upload(upload_id, caller, ports)
    completing = _move(upload, UploadState.COMPLETING, ports.now(), error=None)
    ports.records.commit(Replace(completing))
    ports.queue.send(tenant_id=upload.tenant_id, upload_id=upload.id)
    return completing


def await_completion(
    upload: Upload,
    *,
    caller: Caller,
    ports: UploadPorts,
    pause: Callable[[float], None],
    wait_s: float = COMPLETION_WAIT_S,
) -> Upload:
    """The upload as soon as it is settled, or as it is after `wait_s`.

    Raises UploadIncomplete, UploadSizeMismatch when the stored parts are not what was declared.
    """
    waited = 0.0
    while upload.state is UploadState.COMPLETING and waited < wait_s:
        pause(POLL_S)
        waited += POLL_S
        upload = get_upload(upload.id, caller=caller, records=ports.records)
    if upload.state is UploadState.OPEN and upload.error is not None:
        raise _REOPENED[upload.error.code](upload.error.message)
    return upload


def abort_upload(upload_id: str, *, caller: Caller, ports: UploadPorts) -> None:
    """Give the slot up; the asset becomes a tombstone. A repeat is a no-op.

    Raises UploadNotFound, UploadClosed once completion was asked for.
    """
    upload = close_upload(
        upload_id,
        tenant_id=caller.tenant_id,
        state=UploadState.ABORTED,
        event_type=EventType.ASSET_DELETED,
        records=ports.records,
        origin=_origin(caller, ports),
    )
    ports.objects.abort_multipart(upload.key, upload.multipart_id)


@retry_on_conflict
def close_upload(
    upload_id: str,
    *,
    tenant_id: str,
    state: UploadState,
    event_type: EventType,
    records: Records,
    origin: Origin,
) -> Upload:
    """Take an open upload to `aborted` or `expired` and its asset to `deleted`, in one transaction."""
    upload = records.upload(tenant_id, upload_id)
    if upload is None:
        raise UploadNotFound()
    if upload.state is state:
        return upload
    if upload.state is not UploadState.OPEN:
        raise UploadClosed()
    closed = _move(upload, state, origin.now)
    asset, event = advance(_asset_of(records, upload), event_type, origin, to=AssetState.DELETED)
    records.commit(Replace(closed), Replace(asset), Create(event))
    return closed


def _move(upload: Upload, to: UploadState, moment: datetime, **changes: object) -> Upload:
    state = check_edge(UPLOAD_EDGES, upload.state, to)
    return upload.model_copy(update={**changes, "state": state, "updated_at": moment, "version": upload.version + 1})


def _open_upload(upload_id: str, caller: Caller, ports: UploadPorts) -> Upload:
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    late = upload.state is UploadState.OPEN and upload.expires_at <= ports.now()
    if upload.state is UploadState.EXPIRED or late:
        raise UploadExpired()
    if upload.state is not UploadState.OPEN:
        raise UploadClosed()
    return upload


def _asset_of(records: Records, upload: Upload) -> Asset:
    asset = records.asset(upload.tenant_id, upload.asset_id)
    if asset is None:
        raise Conflict("The upload's asset is gone.")
    return asset


def _origin(caller: Caller, ports: UploadPorts) -> Origin:
    return Origin(
        environment=ports.environment,
        now=ports.now(),
        event_id=ports.new_id(Prefix.EVENT),
        request_id=caller.request_id,
    )
