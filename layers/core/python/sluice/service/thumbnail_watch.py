"""Thumbnails that nobody heard of any more: the function is asked again, and after half an hour they have failed."""

from sluice.domain.models import ErrorInfo
from sluice.domain.picture_errors import PictureNotSent, ThumbnailTimedOut
from sluice.domain.thumbnails import Thumbnail
from sluice.service.ports import UploadObjects
from sluice.service.thumbnail_ending import EndingPorts, end_thumbnail
from sluice.service.thumbnail_ports import ThumbnailMaker


def check_thumbnail(thumbnail: Thumbnail, *, objects: UploadObjects, maker: ThumbnailMaker, ports: EndingPorts) -> None:
    """Safe to repeat. Raises ProviderFailure."""
    there = thumbnail.time_s is not None or objects.head(thumbnail.upload_key) is not None
    if ports.now() >= thumbnail.deadline:
        late = ThumbnailTimedOut() if there else PictureNotSent()
        end_thumbnail(thumbnail, ErrorInfo.of(late), ports=ports)
    elif there:
        maker.start(thumbnail)
