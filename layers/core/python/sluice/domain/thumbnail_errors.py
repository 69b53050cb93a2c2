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


class TooManyPendingThumbnails(Conflict):
    code = "too_many_pending_thumbnails"
    message = "Five thumbnails of this asset are not ready yet; wait until one of them is, or delete one."


class ThumbnailLimitReached(Conflict):
    code = "thumbnail_limit_reached"
    message = "An asset can have at most 50 thumbnails; delete one."
