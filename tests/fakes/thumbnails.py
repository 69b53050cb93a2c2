"""What thumbnails need of the outside: the function that makes them, and the signer of their uploads."""

from sluice.domain.errors import ProviderFailure
from sluice.domain.thumbnails import Thumbnail
from sluice.service.thumbnail_ports import SignedPicture


class FakeThumbnailMaker:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.down = False

    def start(self, thumbnail: Thumbnail) -> None:
        if self.down:
            raise ProviderFailure()
        self.started.append(thumbnail.id)


class FakePictureSigner:
    def sign(self, thumbnail: Thumbnail) -> SignedPicture:
        url = f"https://uploads.example/{thumbnail.upload_key}?length={thumbnail.size_bytes}"
        return SignedPicture(url, {"content-type": str(thumbnail.content_type)}, thumbnail.upload_until)
