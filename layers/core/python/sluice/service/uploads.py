"""The parts of an open upload, and its completion request. Bytes go straight to S3; this side decides and signs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sluice.domain.errors import Conflict
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Asset
from sluice.domain.parts import part_count
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import (
    PartOutOfRange,
    UploadChecksumMismatch,
    UploadClosed,
    UploadExpired,
    UploadIncomplete,
    UploadNotFound,
    UploadSizeMismatch,
)
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
from sluice.service.settling import moving

COMPLETION_WAIT_S = 3.0  # most completions are through by then; longer ones get 202 and a place to look
POLL_S = 0.15
_REOPENED = {error.code: error for error in (UploadIncomplete, UploadSizeMismatch, UploadChecksumMismatch)}


class Caller(Protocol):
    """Who asks: the tenant comes from the API key and from nowhere else."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...


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


def get_upload(upload_id: str, *, caller: Caller, records: Records) -> Upload:
    """Raises UploadNotFound, also for another tenant's upload."""
    upload = records.upload(caller.tenant_id, upload_id) if is_id(Prefix.UPLOAD, upload_id) else None
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
    upload = open_upload(upload_id, caller, ports)
    last = part_count(upload.size_bytes, upload.part_size)
    if outside := [number for number in numbers if not 1 <= number <= last]:
        raise PartOutOfRange(f"Part {outside[0]} is outside 1 to {last}.")
    asset = asset_of(ports.records, upload)
    if asset.state is AssetState.CREATED:
        origin = origin_of(caller, ports)
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
    upload = open_upload(upload_id, caller, ports)
    completing, writes = moving(upload, UploadState.COMPLETING, ports.now(), error=None)
    ports.records.commit(*writes)
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

    Raises UploadIncomplete, UploadSizeMismatch, UploadChecksumMismatch when the stored parts are not what was declared.
    """
    waited = 0.0
    while upload.state is UploadState.COMPLETING and waited < wait_s:
        pause(POLL_S)
        waited += POLL_S
        upload = get_upload(upload.id, caller=caller, records=ports.records)
    if upload.state is UploadState.OPEN and upload.error is not None:
        raise _REOPENED[upload.error.code](upload.error.message)
    return upload


def open_upload(upload_id: str, caller: Caller, ports: UploadPorts) -> Upload:
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    late = upload.state is UploadState.OPEN and upload.expires_at <= ports.now()
    if upload.state is UploadState.EXPIRED or late:
        raise UploadExpired()
    if upload.state is not UploadState.OPEN:
        raise UploadClosed()
    return upload


def asset_of(records: Records, upload: Upload) -> Asset:
    asset = records.asset(upload.tenant_id, upload.asset_id)
    if asset is None:
        raise Conflict("The upload's asset is gone.")
    return asset


def origin_of(caller: Caller, ports: UploadPorts) -> Origin:
    return Origin(
        environment=ports.environment,
        now=ports.now(),
        event_id=ports.new_id(Prefix.EVENT),
        request_id=caller.request_id,
    )
