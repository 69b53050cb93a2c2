"""Posters of your choice: a frame of the video, or a picture that is sent."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from sluice_client.calls import Calls
from sluice_client.errors import ConnectionFailed, PictureRefused
from sluice_client.models import Failure, Json, moment
from sluice_client.retries import retry_after_s
from sluice_client.transport import TIMEOUT


@dataclass(frozen=True)
class Thumbnail:
    """`state` is pending, ready or failed; `source` is time or upload."""

    thumbnail_id: str
    asset_id: str
    source: str
    time_s: float | None  # of the frame
    state: str
    error: Failure | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, data: Json) -> "Thumbnail":
        return cls(
            thumbnail_id=data["thumbnail_id"],
            asset_id=data["asset_id"],
            source=data["source"],
            time_s=data["time_s"],
            state=data["state"],
            error=Failure.of(data["error"]),
            created_at=moment(data["created_at"]),
            updated_at=moment(data["updated_at"]),
        )


class ThumbnailCalls(Calls):
    """Every call raises ApiError, ConnectionFailed or UnexpectedAnswer."""

    def choose_frame(self, asset_id: str, time_s: float, *, idempotency_key: str | None = None) -> Thumbnail:
        """Have the frame that is shown at this time made the poster; `wait_for_thumbnail` waits until it is."""
        return self._make(_all(asset_id), {"time_s": time_s}, idempotency_key).read(Thumbnail.of)

    def send_poster(
        self, asset_id: str, file: str | Path, *, content_type: str | None = None, idempotency_key: str | None = None
    ) -> Thumbnail:
        """Send a JPEG of up to 10 MB to become the poster.

        Raises OSError, ApiError (`invalid_request`: too large, or no picture by its name), PictureRefused.
        """
        content = Path(file).read_bytes()
        kind = content_type or mimetypes.guess_type(str(file))[0] or "application/octet-stream"
        answer = self._make(_all(asset_id), {"size_bytes": len(content), "content_type": kind}, idempotency_key)
        place = answer.read(lambda body: _Place.of(body["upload"]))
        self.retries.repeat(lambda: _put(place, content))
        return answer.read(Thumbnail.of)

    def get_thumbnail(self, asset_id: str, thumbnail_id: str) -> Thumbnail:
        return self._transport.call("GET", f"{_all(asset_id)}/{thumbnail_id}").read(Thumbnail.of)

    def list_thumbnails(self, asset_id: str, *, page_size: int = 100) -> Iterator[Thumbnail]:
        """All of them, newest first; a page is asked for when it is reached."""
        query = {"limit": str(page_size)}
        while True:
            answer = self._transport.call("GET", _all(asset_id), query=query)
            yield from answer.read(lambda body: [Thumbnail.of(one) for one in body["data"]])
            cursor = answer.read(lambda body: body["next_cursor"])
            if not cursor:
                return
            query["cursor"] = str(cursor)

    def delete_thumbnail(self, asset_id: str, thumbnail_id: str) -> None:
        """Where players get it, the automatic poster is back."""
        self._transport.call("DELETE", f"{_all(asset_id)}/{thumbnail_id}")

    def wait_for_thumbnail(self, thumbnail: Thumbnail, *, timeout_s: float = 3600.0) -> Thumbnail:
        """As soon as it is ready or has failed. For scripts: applications get a webhook. Raises WaitedTooLong."""
        for _ in self._looks(timeout_s, f"{thumbnail.thumbnail_id} is not ready"):
            thumbnail = self.get_thumbnail(thumbnail.asset_id, thumbnail.thumbnail_id)
            if thumbnail.state != "pending":
                break
        return thumbnail


def _all(asset_id: str) -> str:
    return f"/v1/assets/{asset_id}/thumbnails"


@dataclass(frozen=True)
class _Place:
    url: str  # whoever has it can send the picture: not for logs
    headers: dict[str, str]

    @classmethod
    def of(cls, data: Any) -> "_Place":
        return cls(data["url"], dict(data["headers"]))


def _put(place: _Place, content: bytes) -> None:
    # A connection of its own: nothing of the API's, such as its key, goes to the storage.
    with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as http:
        try:
            answer = http.request("PUT", place.url, body=content, headers=place.headers)
        except urllib3.exceptions.HTTPError as error:  # its own text may name the signed URL
            raise ConnectionFailed(f"{urlsplit(place.url).netloc}: {type(error).__name__}") from error
    if answer.status != 200:
        raise PictureRefused(answer.status, retry_after_s=retry_after_s(answer.headers.get("Retry-After")))
