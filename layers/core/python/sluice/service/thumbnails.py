"""What a tenant may do about an asset's poster: choose a frame or send a picture, look, and take the choice back."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from sluice.domain.audit import Action
from sluice.domain.errors import AssetNotPlayable, ProviderFailure
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Asset, AssetVersion
from sluice.domain.pictures import ChosenPoster
from sluice.domain.states import AssetState, ThumbnailState
from sluice.domain.thumbnail_errors import (
    AssetWithoutPicture,
    ThumbnailLimitReached,
    ThumbnailNotFound,
    TimeBeyondEnd,
    TooManyPendingThumbnails,
)
from sluice.domain.thumbnails import MOST_KEPT, MOST_PENDING, Thumbnail, ThumbnailCount, discarded
from sluice.service.auditing import audited
from sluice.service.catalogue import get_asset
from sluice.service.cursors import seal, unseal
from sluice.service.ports import Clock, Create, Ids, Records, Remove, Replace, Write
from sluice.service.retries import retry_on_conflict
from sluice.service.thumbnail_ports import PictureSigner, SignedPicture, ThumbnailMaker
from sluice.service.upload_access import Caller

logger = logging.getLogger(__name__)

ROUTE = "GET /v1/assets/{asset_id}/thumbnails"


class WantedPicture(NamedTuple):
    """Either a time or a size and a type."""

    time_s: float | None
    size_bytes: int | None
    content_type: str | None


@dataclass(frozen=True, kw_only=True)
class ThumbnailPorts:
    environment: str
    records: Records
    maker: ThumbnailMaker
    signer: PictureSigner
    new_id: Ids
    now: Clock


def create_thumbnail(
    asset_id: str, wanted: WantedPicture, *, thumbnail_id: str, caller: Caller, ports: ThumbnailPorts
) -> Thumbnail:
    """A frame is made at once; a picture that is to be sent, when it has arrived.

    Raises AssetNotFound, TooManyPendingThumbnails, ThumbnailLimitReached, and for a frame AssetNotPlayable,
    AssetWithoutPicture, TimeBeyondEnd.
    """
    made = _create(asset_id, wanted, thumbnail_id, caller, ports)
    if made.time_s is not None:
        try:
            ports.maker.start(made)
        except ProviderFailure:  # its row exists, so this is no error to the caller: `reconcile` starts it in a minute
            logger.warning("thumbnail_not_started", extra={"thumbnail_id": made.id})
    return made


@retry_on_conflict
def _create(
    asset_id: str, wanted: WantedPicture, thumbnail_id: str, caller: Caller, ports: ThumbnailPorts
) -> Thumbnail:
    asset = get_asset(asset_id, tenant_id=caller.tenant_id, records=ports.records)
    if wanted.time_s is not None:
        _check_time(wanted.time_s, asset, ports.records)
    # read before the rows: one that is added after this read makes the commit below fail
    count = ports.records.thumbnail_count(asset.tenant_id, asset.id)
    _check_room(asset, ports.records)
    moment = ports.now()
    thumbnail = Thumbnail(
        id=thumbnail_id,
        tenant_id=asset.tenant_id,
        asset_id=asset.id,
        number=count.last + 1 if count else 1,
        time_s=wanted.time_s,
        size_bytes=wanted.size_bytes,
        content_type=wanted.content_type,
        state=ThumbnailState.PENDING,
        created_at=moment,
        updated_at=moment,
        correlation_id=caller.correlation_id,
    )
    asked = audited(Action.THUMBNAIL_CREATE, caller, asset.id, at=moment, new_id=ports.new_id)
    ports.records.commit(Create(thumbnail), _counted(thumbnail, count), asked)
    return thumbnail


def _counted(thumbnail: Thumbnail, before: ThumbnailCount | None) -> Write:
    if before is None:
        return Create(ThumbnailCount(tenant_id=thumbnail.tenant_id, asset_id=thumbnail.asset_id, last=1))
    return Replace(before.model_copy(update={"last": thumbnail.number, "version": before.version + 1}))


def _check_room(asset: Asset, records: Records) -> None:
    kept, _ = records.list_thumbnails(asset.tenant_id, asset.id, limit=MOST_KEPT, before=None)
    if sum(one.state is ThumbnailState.PENDING for one in kept) >= MOST_PENDING:
        raise TooManyPendingThumbnails()
    if len(kept) >= MOST_KEPT:
        raise ThumbnailLimitReached()


def _check_time(time_s: float, asset: Asset, records: Records) -> None:
    version = watched_version(asset, records)
    if not any(rendition.kind == "video" for rendition in version.renditions):
        raise AssetWithoutPicture()
    if time_s >= version.duration_s:
        raise TimeBeyondEnd(f"The video is {version.duration_s:.3f} s long.")


def watched_version(asset: Asset, records: Records) -> AssetVersion:
    """Also of an asset that still waits for a review. Raises AssetNotPlayable."""
    found = None
    if asset.playable and asset.active_version and asset.state is not AssetState.ARCHIVED:
        found = records.asset_version(asset.tenant_id, asset.id, asset.active_version)
    if found is None:
        raise AssetNotPlayable("The asset has nothing to play, so no frame can be taken from it.")
    return found


def place_to_send(thumbnail: Thumbnail, *, ports: ThumbnailPorts) -> SignedPicture | None:
    """None: it is a frame, or has ended, or its time to be sent is over. Raises ProviderFailure."""
    waiting = thumbnail.state is ThumbnailState.PENDING and thumbnail.size_bytes is not None
    return ports.signer.sign(thumbnail) if waiting and ports.now() < thumbnail.upload_until else None


def get_thumbnail(asset_id: str, thumbnail_id: str, *, tenant_id: str, records: Records) -> Thumbnail:
    """Raises AssetNotFound, ThumbnailNotFound."""
    asset = get_asset(asset_id, tenant_id=tenant_id, records=records)
    known = is_id(Prefix.THUMBNAIL, thumbnail_id)
    found = records.thumbnail(tenant_id, asset.id, thumbnail_id) if known else None
    if found is None:
        raise ThumbnailNotFound()
    return found


def list_thumbnails(
    asset_id: str, *, tenant_id: str, limit: int, cursor: str | None, cursor_key: bytes, records: Records
) -> tuple[list[Thumbnail], str | None]:
    """One page, newest first, and the cursor of the next. Raises AssetNotFound, InvalidCursor."""
    asset = get_asset(asset_id, tenant_id=tenant_id, records=records)
    filters = {"asset_id": asset.id}
    before = None
    if cursor is not None:
        before = unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=ROUTE, filters=filters)
    found, last = records.list_thumbnails(tenant_id, asset.id, limit=limit, before=before)
    following = last and seal(last, key=cursor_key, tenant_id=tenant_id, route=ROUTE, filters=filters)
    return found, following


@retry_on_conflict
def delete_thumbnail(asset_id: str, thumbnail_id: str, *, caller: Caller, ports: ThumbnailPorts) -> None:
    """Where players get it, the automatic poster is back. Raises AssetNotFound, ThumbnailNotFound."""
    thumbnail = get_thumbnail(asset_id, thumbnail_id, tenant_id=caller.tenant_id, records=ports.records)
    asset = get_asset(asset_id, tenant_id=caller.tenant_id, records=ports.records)
    moment = ports.now()
    asked = audited(Action.THUMBNAIL_DELETE, caller, asset.id, at=moment, new_id=ports.new_id)
    writes: list[Write] = [Remove(thumbnail), asked]
    shown = asset.poster if asset.thumbnail_id == thumbnail.id else None
    if shown or thumbnail.state is ThumbnailState.PENDING:  # of the others it was written when they ended
        writes.append(Create(discarded(asset, thumbnail.id, moment)))
    if shown:
        origin = Origin(ports.environment, moment, ports.new_id(Prefix.EVENT), request_id=caller.request_id)
        nobody = ChosenPoster(thumbnail_id=None, number=shown.number)
        after, event = advance(asset, EventType.ASSET_UPDATED, origin, poster=nobody)
        writes += [Replace(after), Create(event)]
    ports.records.commit(*writes)
