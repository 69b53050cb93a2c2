"""Give an upload up: its asset becomes a tombstone, and its parts are freed."""

from sluice.domain.audit import Action
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadClosed
from sluice.service.auditing import audited
from sluice.service.ports import Create, Ids, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import moving
from sluice.service.upload_access import Caller, SlotPorts, asset_of, get_upload, origin_of


def abort_upload(upload_id: str, *, caller: Caller, ports: SlotPorts) -> None:
    """A repeat is a no-op. Raises UploadNotFound, UploadClosed once completion was asked for."""
    origin = origin_of(caller, ports)
    closed = close_upload(upload_id, caller=caller, records=ports.records, origin=origin, new_id=ports.new_id)
    forget(closed, ports)


def forget(upload: Upload, ports: SlotPorts) -> None:
    """Its parts, in S3."""
    if upload.multipart_id:
        ports.objects.abort_multipart(upload.key, upload.multipart_id)


@retry_on_conflict
def close_upload(upload_id: str, *, caller: Caller, records: Records, origin: Origin, new_id: Ids) -> Upload:
    """Take an open upload to `aborted` and its asset to `deleted`, in one transaction."""
    upload = get_upload(upload_id, caller=caller, records=records)
    if upload.state is UploadState.ABORTED:
        return upload
    if upload.state is not UploadState.OPEN:
        raise UploadClosed()
    closed, writes = moving(upload, UploadState.ABORTED, origin.now)
    asset, event = advance(asset_of(records, upload), EventType.UPLOAD_ABORTED, origin, to=AssetState.DELETED)
    asked = audited(Action.UPLOAD_ABORT, caller, asset.id, at=origin.now, new_id=new_id, upload_id=upload.id)
    records.commit(*writes, Replace(asset), Create(event), asked)
    return closed
