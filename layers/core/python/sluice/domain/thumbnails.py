"""Pictures that a tenant chooses to stand for a video in place of the automatic poster."""

from datetime import datetime, timedelta

from sluice.domain.ids import Prefix, is_id
from sluice.domain.media_keys import media_prefix
from sluice.domain.model import Model
from sluice.domain.models import Asset, ErrorInfo
from sluice.domain.pictures import POSTER
from sluice.domain.playback_tokens import MAX_VIEWING_S
from sluice.domain.states import ThumbnailState

UPLOADED = "thumbnails"  # root of the uploads bucket for pictures, apart from the originals of videos
MOST_BYTES = 10_000_000
UPLOAD_TIME = timedelta(minutes=15)  # to send a picture in
PATIENCE = timedelta(minutes=30)  # then a thumbnail that is not ready has failed
MOST_PENDING = 5  # of one asset: each may keep a processor busy for a minute
# As long as the address of a picture can be signed for, and more than a function at work may take to store one.
STAYS = timedelta(seconds=MAX_VIEWING_S) + timedelta(minutes=10)
MOST_KEPT = 50  # of one asset, pending, ready and failed ones together


def thumbnail_key(tenant_id: str, asset_id: str, thumbnail_id: str) -> str:
    """Of the finished picture in the media bucket: beside the asset's versions, so that it outlives each of them."""
    return f"{media_prefix(tenant_id, asset_id, thumbnail_id)}{POSTER}"


class Thumbnail(Model):
    """A request for one picture: a frame of the asset's video, or a file that is sent."""

    id: str
    tenant_id: str
    asset_id: str
    number: int  # of the asset's requests, in their order: of those that become ready the highest is shown
    time_s: float | None = None  # of the frame; None: the picture is sent
    size_bytes: int | None = None  # of the picture that is sent
    content_type: str | None = None
    state: ThumbnailState
    error: ErrorInfo | None = None
    created_at: datetime
    updated_at: datetime
    correlation_id: str
    version: int = 1

    @property
    def upload_key(self) -> str:
        return f"{UPLOADED}/{self.tenant_id}/{self.asset_id}/{self.id}"

    @property
    def media_key(self) -> str:
        return thumbnail_key(self.tenant_id, self.asset_id, self.id)

    @property
    def upload_until(self) -> datetime:
        return self.created_at + UPLOAD_TIME

    @property
    def deadline(self) -> datetime:
        return self.created_at + PATIENCE


def parse_upload_key(key: str) -> dict[str, str] | None:
    """Which thumbnail an object of the uploads bucket belongs to; None: to none."""
    match key.split("/"):
        case [root, tenant_id, asset_id, thumbnail_id] if root == UPLOADED and is_id(Prefix.THUMBNAIL, thumbnail_id):
            return {"tenant_id": tenant_id, "asset_id": asset_id, "thumbnail_id": thumbnail_id}
        case _:
            return None


class ThumbnailCount(Model):
    """Numbers an asset's requests: clocks of two functions may disagree about which of two came later.

    Every request writes it, so that of two at once neither can overlook the other when they are counted.
    """

    tenant_id: str
    asset_id: str
    last: int
    version: int = 1


class DiscardedPicture(Model):
    """The finished picture of a thumbnail that no player gets any more. Its file may be there, or may yet come."""

    tenant_id: str
    asset_id: str
    thumbnail_id: str
    remove_at: datetime
    version: int = 1

    @property
    def media_key(self) -> str:
        return thumbnail_key(self.tenant_id, self.asset_id, self.thumbnail_id)


def discarded(asset: Asset, thumbnail_id: str, at: datetime) -> DiscardedPicture:
    return DiscardedPicture(
        tenant_id=asset.tenant_id, asset_id=asset.id, thumbnail_id=thumbnail_id, remove_at=at + STAYS
    )


ThumbnailRow = Thumbnail | ThumbnailCount | DiscardedPicture
