"""What thumbnails are refused for."""

from sluice.domain.errors import Conflict, InvalidRequest, NotFound


class ThumbnailNotFound(NotFound):
    code = "thumbnail_not_found"
    message = "There is no such thumbnail."


class TimeBeyondEnd(InvalidRequest):
    code = "time_beyond_end"
    message = "The video ends before this time."


class AssetWithoutPicture(Conflict):
    code = "asset_without_picture"
    message = "The asset is sound alone: it has no frame to show."
