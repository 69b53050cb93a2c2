"""How a thumbnail ends, whoever ends it: in one transaction its state, the poster that players get, the event, and what
is to be removed because players do not get it any more.
"""

from dataclasses import dataclass

from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, ErrorInfo
from sluice.domain.pictures import ChosenPoster
from sluice.domain.states import THUMBNAIL_EDGES, AssetState, ThumbnailState, check_edge
from sluice.domain.thumbnails import Thumbnail, discarded
from sluice.service.ports import Clock, Create, Ids, Records, Replace, Write
from sluice.service.retries import retry_on_conflict


@dataclass(frozen=True, kw_only=True)
class EndingPorts:
    environment: str
    records: Records
    ids: Ids
    now: Clock


def waiting(tenant_id: str, asset_id: str, thumbnail_id: str, records: Records) -> tuple[Thumbnail, Asset] | None:
    """As they are now; None: it has ended or was deleted, or its asset was."""
    thumbnail = records.thumbnail(tenant_id, asset_id, thumbnail_id)
    asset = records.asset(tenant_id, asset_id)
    if thumbnail is None or thumbnail.state is not ThumbnailState.PENDING:
        return None
    return None if asset is None or asset.state is AssetState.DELETED else (thumbnail, asset)


@retry_on_conflict
def end_thumbnail(thumbnail: Thumbnail, error: ErrorInfo | None, *, ports: EndingPorts) -> None:
    """Ready, or failed for `error`. A no-op for one that has ended or was deleted meanwhile."""
    found = waiting(thumbnail.tenant_id, thumbnail.asset_id, thumbnail.id, ports.records)
    if found is None:
        return
    current, asset = found
    moment = ports.now()
    state = check_edge(THUMBNAIL_EDGES, current.state, ThumbnailState.FAILED if error else ThumbnailState.READY)
    ended = current.model_copy(
        update={"state": state, "error": error, "updated_at": moment, "version": current.version + 1}
    )
    origin = Origin(ports.environment, moment, ports.ids(Prefix.EVENT), thumbnail=ended)
    if error:
        after, event = advance(asset, EventType.THUMBNAIL_FAILED, origin)
    else:
        after, event = advance(asset, EventType.THUMBNAIL_READY, origin, poster=_later(asset.poster, ended))
    writes: list[Write] = [Replace(ended), Replace(after), Create(event)]
    unused = _unused(asset, after, ended)
    if unused:
        writes.append(Create(discarded(asset, unused, moment)))
    ports.records.commit(*writes)


def _unused(before: Asset, after: Asset, ended: Thumbnail) -> str | None:
    """Whose picture no player gets from now on: of the one that was replaced, or of this one if it is not shown."""
    return before.thumbnail_id if after.thumbnail_id == ended.id else ended.id


def _later(shown: ChosenPoster | None, ready: Thumbnail) -> ChosenPoster:
    """By the order of the requests: whose picture took longer does not matter."""
    if shown is not None and shown.number > ready.number:
        return shown
    return ChosenPoster(thumbnail_id=ready.id, number=ready.number)
