"""What making and showing thumbnails needs, as Protocols."""

from datetime import datetime
from typing import NamedTuple, Protocol

from sluice.domain.thumbnails import DiscardedPicture, Thumbnail, ThumbnailCount
from sluice.service.storage_ports import MediaObjects, SourceObjects


class ThumbnailRecords(Protocol):
    """A part of `service.ports.Records`."""

    def thumbnail(self, tenant_id: str, asset_id: str, thumbnail_id: str) -> Thumbnail | None: ...
    def thumbnail_count(self, tenant_id: str, asset_id: str) -> ThumbnailCount | None: ...

    def list_thumbnails(
        self, tenant_id: str, asset_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Thumbnail], str | None]:
        """Newest first; `before` and the second half of the answer are ids."""
        ...

    def pending_thumbnails(self, *, before: datetime, limit: int) -> list[Thumbnail]:
        """Of all tenants, asked for before `before`."""
        ...

    def discarded_pictures(self, *, before: datetime, limit: int) -> list[DiscardedPicture]:
        """Of all tenants, to be removed before `before`."""
        ...


class ThumbnailMaker(Protocol):
    """The function that makes pictures."""

    def start(self, thumbnail: Thumbnail) -> None:
        """Without waiting for the picture. Doing it twice does no harm. Raises ProviderFailure."""
        ...


class SignedPicture(NamedTuple):
    url: str
    headers: dict[str, str]  # what the sender has to send; bound by the signature like the length
    expires_at: datetime


class PictureSigner(Protocol):
    def sign(self, thumbnail: Thumbnail) -> SignedPicture:
        """Where its picture is to be sent, until `thumbnail.upload_until`. Raises ProviderFailure."""
        ...


class PictureObjects(Protocol):
    """The finished pictures in the media bucket."""

    def delete(self, key: str) -> None:
        """A no-op where nothing is. Raises ProviderFailure."""
        ...


class ThumbnailStorage(NamedTuple):
    """What one thumbnail needs, and no more."""

    sent: SourceObjects  # its upload
    published: SourceObjects  # the rendition that its frame is taken from
    media: MediaObjects  # its place


class Published(NamedTuple):
    """A rendition as objects of the media bucket."""

    playlist: str
    prefix: str


class OpenStorage(Protocol):
    def __call__(self, thumbnail: Thumbnail, published: Published | None) -> ThumbnailStorage:
        """`published`: where the frame is; None: the picture was sent. Raises ProviderFailure."""
        ...
