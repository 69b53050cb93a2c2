"""Bodies of the upload routes: what callers send and what they get, apart from the domain's models."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import Field, StringConstraints

from sluice.domain.models import Asset
from sluice.domain.parts import MAX_OBJECT_BYTES, MAX_PARTS, part_count
from sluice.domain.upload import Upload
from sluice.http import FailureView, RequestBody, ResponseBody, Timestamp
from sluice.service.ports import SignedPart, StoredPart
from sluice.service.upload_slots import NewUpload

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Tag = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,64}$")]
MetadataKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
MetadataValue = Annotated[str, StringConstraints(max_length=500)]
ContentType = Annotated[str, StringConstraints(pattern=r"^(video|audio|application)/[A-Za-z0-9.+-]{1,100}$")]


class CreateUpload(RequestBody):
    size_bytes: Annotated[int, Field(ge=1, le=MAX_OBJECT_BYTES, description="Exact size of the file in bytes.")]
    content_type: ContentType = "video/mp4"
    filename: Text | None = None
    title: Text | None = None
    external_id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")] | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=40)] = {}
    tags: Annotated[list[Tag], Field(max_length=40)] = []
    playback_policy: Literal["signed"] = "signed"

    def command(self, upload_id: str) -> NewUpload:
        return NewUpload(
            upload_id=upload_id,
            size_bytes=self.size_bytes,
            content_type=self.content_type,
            filename=self.filename,
            title=self.title,
            external_id=self.external_id,
            metadata=self.metadata,
            tags=tuple(self.tags),
        )


class UploadView(ResponseBody):
    upload_id: str
    asset_id: str
    playback_id: str | None
    state: str
    size_bytes: int
    part_size: int
    part_count: int
    content_type: str
    filename: str | None
    error: FailureView | None
    created_at: Timestamp
    expires_at: Timestamp

    @classmethod
    def of(cls, upload: Upload, asset: Asset | None) -> "UploadView":
        return cls(
            upload_id=upload.id,
            asset_id=upload.asset_id,
            playback_id=asset.playback_ids[0] if asset and asset.playback_ids else None,
            state=upload.state,
            size_bytes=upload.size_bytes,
            part_size=upload.part_size,
            part_count=part_count(upload.size_bytes, upload.part_size),
            content_type=upload.content_type,
            filename=upload.filename,
            error=FailureView.of(upload.error),
            created_at=upload.created_at,
            expires_at=upload.expires_at,
        )


class SignParts(RequestBody):
    part_numbers: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_PARTS)]],
        Field(min_length=1, max_length=1000, description="Parts to sign, counted from 1; at most 1,000 in one call."),
    ]


class SignedPartView(ResponseBody):
    part_number: int
    url: str
    content_length: int
    """Exact number of bytes that S3 takes at this URL."""

    @classmethod
    def of(cls, part: SignedPart) -> "SignedPartView":
        return cls(part_number=part.number, url=part.url, content_length=part.length)


class SignedParts(ResponseBody):
    data: list[SignedPartView]

    @classmethod
    def of(cls, parts: list[SignedPart]) -> "SignedParts":
        return cls(data=[SignedPartView.of(part) for part in parts])


class StoredPartView(ResponseBody):
    part_number: int
    size_bytes: int
    etag: str

    @classmethod
    def of(cls, part: StoredPart) -> "StoredPartView":
        return cls(part_number=part.number, size_bytes=part.size, etag=part.etag)


class StoredParts(ResponseBody):
    data: list[StoredPartView]

    @classmethod
    def of(cls, parts: list[StoredPart]) -> "StoredParts":
        return cls(data=[StoredPartView.of(part) for part in parts])


COMPLETION: dict[int, OpenAPIResponse] = {
    200: {"description": "The parts are joined."},
    202: {"description": "Still joining; `Location` says where to look."},
}
