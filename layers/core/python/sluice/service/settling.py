"""An upload moves on, and leaves the count of what is open in the same transaction that settles it, exactly once."""

from dataclasses import replace
from datetime import datetime

from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import ErrorInfo
from sluice.domain.states import UPLOAD_EDGES, AssetState, UploadState, check_edge
from sluice.domain.upload import SETTLED, Upload, UploadSource
from sluice.service.ports import Clock, Count, Create, Ids, Records, Replace, Write
from sluice.service.retries import retry_on_conflict


def opening(upload: Upload, *, max_fetches: int) -> list[Write]:
    """A new upload and what it counts for, within the quotas of its rules and the tenant's share of fetches."""
    whole, *of_creator = counted(upload, uploads=1, size_bytes=upload.held_bytes)
    if upload.source is not None:
        whole = replace(whole, fetches=1, max_fetches=max_fetches)
    return [Create(upload), whole, *of_creator]


def counted(upload: Upload, *, uploads: int, size_bytes: int) -> list[Count]:
    """More of what is open: `commit` raises QuotaExceeded where the upload's rules allow no more."""
    most = upload.rules.quotas
    max_uploads, max_of_creator = most.max_open_uploads, most.max_open_uploads_per_creator
    if not uploads:  # it is open already: only its bytes are new
        max_uploads = max_of_creator = None
    whole = Count(upload.tenant_id, None, uploads, size_bytes, max_uploads, most.max_open_bytes)
    if upload.creator_id is None:
        return [whole]
    of_creator = max_of_creator, most.max_open_bytes_per_creator
    return [whole, Count(upload.tenant_id, upload.creator_id, uploads, size_bytes, *of_creator)]


def moving(upload: Upload, to: UploadState, moment: datetime, **changes: object) -> tuple[Upload, list[Write]]:
    """The upload after the step, and its part of the transaction. Raises InvalidTransition."""
    state = check_edge(UPLOAD_EDGES, upload.state, to)
    after = upload.model_copy(
        update={**changes, "state": state, "updated_at": moment, "version": upload.version + 1},
    )
    if to not in SETTLED:
        return after, [Replace(after)]
    after = after.model_copy(update={"held_bytes": 0, "source": without_secrets(after)})
    fetches = 0 if upload.source is None else -1
    released = [Count(upload.tenant_id, None, -1, -upload.held_bytes, fetches=fetches)]
    if upload.creator_id is not None:
        released.append(Count(upload.tenant_id, upload.creator_id, -1, -upload.held_bytes))
    return after, [Replace(after), *released]


def without_secrets(upload: Upload) -> UploadSource | None:
    """Headers of a source, and the query of its URL, may hold credentials; once it is settled nobody needs them."""
    source = upload.source
    return source and source.model_copy(update={"headers": {}, "url": source.url.partition("?")[0]})


@retry_on_conflict
def fail_upload(
    *,
    tenant_id: str,
    upload_id: str,
    error: ErrorInfo,
    environment: str,
    records: Records,
    new_id: Ids,
    now: Clock,
) -> Upload | None:
    """Upload and asset end together, with one event. A settled upload stays as it is; None when there is none."""
    upload = records.upload(tenant_id, upload_id)
    if upload is None or upload.state in SETTLED:
        return upload
    asset = records.asset(tenant_id, upload.asset_id)
    if asset is None:
        return upload
    origin = Origin(environment=environment, now=now(), event_id=new_id(Prefix.EVENT))
    failed, writes = moving(upload, UploadState.FAILED, origin.now, error=error)
    after, event = advance(asset, EventType.ERROR_PROCESSING, origin, to=AssetState.FAILED, error=error)
    records.commit(*writes, Replace(after), Create(event))
    return failed
