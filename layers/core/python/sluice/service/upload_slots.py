"""Upload slots: reserve one with its asset, give it up, let it expire."""

from dataclasses import dataclass
from datetime import timedelta

from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, PlaybackLookup
from sluice.domain.parts import part_size_for
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadClosed, UploadNotFound, UploadTooLarge
from sluice.service.ports import Create, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import moving, opening
from sluice.service.uploads import Caller, UploadPorts, asset_of, origin_of


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


def object_key(tenant_id: str, upload_id: str) -> str:
    return f"uploads/{tenant_id}/{upload_id}"


def create_upload(command: NewUpload, *, caller: Caller, ports: UploadPorts) -> tuple[Upload, Asset]:
    """Reserve an asset and open a multipart upload. Answers with what exists when this upload was already created.

    Raises UploadTooLarge.
    """
    if command.size_bytes > ports.limits.max_bytes:
        raise UploadTooLarge(f"At most {ports.limits.max_bytes} bytes can be transcoded.")
    if existing := ports.records.upload(caller.tenant_id, command.upload_id):
        return existing, asset_of(ports.records, existing)
    playback_id = ports.new_id(Prefix.PLAYBACK)
    reserved = _reserved_asset(command, playback_id, caller, ports)
    asset, created = advance(reserved, EventType.ASSET_CREATED, origin_of(caller, ports))
    asset, opened = advance(asset, EventType.UPLOAD_CREATED, origin_of(caller, ports))
    upload = _opened(command, asset, caller, ports)
    lookup = PlaybackLookup(playback_id=playback_id, tenant_id=caller.tenant_id, asset_id=asset.id)
    ports.records.commit(*opening(upload), Create(asset), Create(lookup), Create(created), Create(opened))
    return upload, asset


def _reserved_asset(command: NewUpload, playback_id: str, caller: Caller, ports: UploadPorts) -> Asset:
    moment = ports.now()
    return Asset(
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


def _opened(command: NewUpload, asset: Asset, caller: Caller, ports: UploadPorts) -> Upload:
    moment, key = ports.now(), object_key(caller.tenant_id, command.upload_id)
    return Upload(
        id=command.upload_id,
        tenant_id=caller.tenant_id,
        asset_id=asset.id,
        state=UploadState.OPEN,
        key=key,
        multipart_id=ports.objects.create_multipart(
            key, content_type=command.content_type, correlation_id=caller.correlation_id
        ),
        size_bytes=command.size_bytes,
        held_bytes=command.size_bytes,
        part_size=part_size_for(command.size_bytes),
        content_type=command.content_type,
        filename=command.filename,
        expires_at=moment + timedelta(seconds=ports.limits.upload_ttl_s),
        created_at=moment,
        updated_at=moment,
        correlation_id=caller.correlation_id,
    )


def abort_upload(upload_id: str, *, caller: Caller, ports: UploadPorts) -> None:
    """Give the slot up; the asset becomes a tombstone. A repeat is a no-op.

    Raises UploadNotFound, UploadClosed once completion was asked for.
    """
    upload = close_upload(
        upload_id,
        tenant_id=caller.tenant_id,
        state=UploadState.ABORTED,
        event_type=EventType.UPLOAD_ABORTED,
        records=ports.records,
        origin=origin_of(caller, ports),
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
    closed, writes = moving(upload, state, origin.now)
    asset, event = advance(asset_of(records, upload), event_type, origin, to=AssetState.DELETED)
    records.commit(*writes, Replace(asset), Create(event))
    return closed
