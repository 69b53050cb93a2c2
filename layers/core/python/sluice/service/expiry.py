"""Uploads that nobody finished in time: closed with their assets, and their parts freed."""

from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.service.lost_fetches import free_parts
from sluice.service.ports import Clock, Create, Ids, Records, Replace, UploadObjects
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import moving
from sluice.service.upload_access import asset_of


def expire_upload(
    upload: Upload, *, environment: str, records: Records, objects: UploadObjects, new_id: Ids, now: Clock
) -> bool:
    """False, and nothing done, where its file is there, joined behind our back: that is for `accept_object`.

    A no-op for one that was settled, is being completed, or got more time since it was read. Safe to repeat.
    """
    if objects.head(upload.key) is not None:
        return False
    origin = Origin(environment=environment, now=now(), event_id=new_id(Prefix.EVENT))
    free_parts(_close(upload, records, origin), objects)
    return True


@retry_on_conflict
def _close(upload: Upload, records: Records, origin: Origin) -> Upload | None:
    """One that was only to be kept while somebody sends is given up: aborted, as its client would have done."""
    current = records.upload(upload.tenant_id, upload.id)
    if current is None or current.deadline > origin.now:
        return None
    idle = current.expires_at > origin.now
    state, told = (
        (UploadState.ABORTED, EventType.UPLOAD_ABORTED) if idle else (UploadState.EXPIRED, EventType.UPLOAD_EXPIRED)
    )
    if current.state is not UploadState.OPEN:
        return current if current.state in (UploadState.ABORTED, UploadState.EXPIRED) else None
    closed, writes = moving(current, state, origin.now)
    asset, event = advance(asset_of(records, current), told, origin, to=AssetState.DELETED)
    records.commit(*writes, Replace(asset), Create(event))
    return closed
