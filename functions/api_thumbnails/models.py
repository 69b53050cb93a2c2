"""Bodies of the routes of thumbnails."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sluice.domain.thumbnails import MOST_BYTES, Thumbnail
from sluice.http import FailureView, RequestBody, ResponseBody, Timestamp
from sluice.service.thumbnail_ports import SignedPicture
from sluice.service.thumbnails import WantedPicture


class CreateThumbnail(RequestBody):
    """Either `time_s`, or `size_bytes` and `content_type`."""

    time_s: Annotated[
        float | None, Field(ge=0, allow_inf_nan=False, description="Of the frame, in seconds from the start.")
    ] = None
    size_bytes: Annotated[int | None, Field(ge=1, le=MOST_BYTES, description="Of the picture that you send.")] = None
    content_type: Annotated[Literal["image/jpeg"] | None, Field(description="Of the picture that you send.")] = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        sent = (self.size_bytes is not None, self.content_type is not None)
        if sent not in ((True, True), (False, False)) or sent[0] == (self.time_s is not None):
            raise ValueError("Give either time_s, or size_bytes and content_type.")
        return self

    def wanted(self) -> WantedPicture:
        return WantedPicture(self.time_s, self.size_bytes, self.content_type)


class ThumbnailView(ResponseBody):
    thumbnail_id: str
    asset_id: str
    source: Literal["time", "upload"]
    time_s: float | None = Field(description="Of the frame; null: the picture is sent.")
    state: str = Field(description="pending | ready | failed")
    error: FailureView | None
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, thumbnail: Thumbnail) -> Self:
        return cls(
            thumbnail_id=thumbnail.id,
            asset_id=thumbnail.asset_id,
            source="upload" if thumbnail.time_s is None else "time",
            time_s=thumbnail.time_s,
            state=thumbnail.state,
            error=FailureView.of(thumbnail.error),
            created_at=thumbnail.created_at,
            updated_at=thumbnail.updated_at,
        )


class PictureUploadView(ResponseBody):
    """One PUT with exactly these headers and as many bytes as were announced."""

    url: str
    headers: dict[str, str]
    expires_at: Timestamp


class CreatedThumbnail(ThumbnailView):
    upload: PictureUploadView | None = Field(description="Where to send the picture; null: it is a frame, or over.")

    @classmethod
    def with_upload(cls, thumbnail: Thumbnail, place: SignedPicture | None) -> Self:
        upload = place and PictureUploadView(url=place.url, headers=place.headers, expires_at=place.expires_at)
        return cls(**dict(ThumbnailView.of(thumbnail)), upload=upload)
