"""Bodies of the upload routes: what callers send and what they get, apart from the domain's models."""

from datetime import datetime
from typing import Annotated, Literal, Self

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import Field, StringConstraints, model_validator

from sluice.domain.intake import Checksum, ChecksumAlgorithm, is_value
from sluice.domain.models import Asset
from sluice.domain.parts import MAX_OBJECT_BYTES, MAX_PARTS, part_count
from sluice.domain.upload import Upload, UploadProgress
from sluice.domain.upload_tokens import DEFAULT_TTL_S, MIN_TTL_S
from sluice.http import FailureView, RequestBody, ResponseBody, Timestamp
from sluice.http.asset_fields import AssetFields, Text
from sluice.service.intake_checks import MAX_TTL_S
from sluice.service.intake_checks import MIN_TTL_S as MIN_UPLOAD_TTL_S
from sluice.service.ports import Records, SignedPart, StoredPart
from sluice.service.upload_slots import NewUpload

ContentType = Annotated[str, StringConstraints(pattern=r"^(video|audio|application)/[A-Za-z0-9.+-]{1,100}$")]
PartNumber = Annotated[int, Field(ge=1, le=MAX_PARTS)]
PartChecksum = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{6,11}={1,2}$")]
TokenTtl = Annotated[
    int, Field(ge=MIN_TTL_S, le=MAX_TTL_S, description="Seconds; never longer than the upload itself lives.")
]


class ChecksumBody(RequestBody):
    """Of the whole file; base64 of the big-endian bytes."""

    algorithm: ChecksumAlgorithm
    value: PartChecksum

    @model_validator(mode="after")
    def check_value(self) -> Self:
        if not is_value(self.algorithm, self.value):
            raise ValueError(f"this is not the base64 of a {self.algorithm}")
        return self

    def domain(self) -> Checksum:
        return Checksum(algorithm=self.algorithm, value=self.value)


class CreateUpload(AssetFields):
    size_bytes: Annotated[int, Field(ge=1, le=MAX_OBJECT_BYTES, description="Exact size of the file in bytes.")]
    content_type: ContentType = "video/mp4"
    filename: Text | None = None
    duration_s: Annotated[float, Field(gt=0)] | None = None
    upload_ttl_s: Annotated[int, Field(ge=MIN_UPLOAD_TTL_S, le=MAX_TTL_S)] | None = None
    token_ttl_s: TokenTtl = DEFAULT_TTL_S
    checksum: ChecksumBody | None = None
    on_duplicate: Annotated[
        Literal["allow", "return_existing", "reject"],
        Field(description="What a file gets that this creator uploaded before; needs `checksum`."),
    ] = "allow"

    def command(self, upload_id: str) -> NewUpload:
        return NewUpload(
            upload_id=upload_id,
            size_bytes=self.size_bytes,
            content_type=self.content_type,
            filename=self.filename,
            upload_ttl_s=self.upload_ttl_s,
            duration_s=self.duration_s,
            checksum=self.checksum.domain() if self.checksum else None,
            on_duplicate=self.on_duplicate,
            **self.shared(),
        )


class FetchProgress(ResponseBody):
    bytes: int
    total: int | None = Field(description="Null while the source does not say.")

    @classmethod
    def of(cls, progress: UploadProgress | None) -> Self | None:
        return cls(bytes=progress.received_bytes, total=progress.total_bytes) if progress else None


class UploadView(ResponseBody):
    upload_id: str
    asset_id: str
    playback_id: str | None
    state: str
    size_bytes: int | None = Field(description="Null until a fetch has learnt it.")
    part_size: int
    part_count: int
    content_type: str
    filename: str | None
    creator_id: str | None
    intake_policy_id: str | None
    transcode: str
    progress: FetchProgress | None = Field(description="Of an upload that is fetched from a URL.")
    error: FailureView | None
    created_at: Timestamp
    expires_at: Timestamp

    @classmethod
    def read(cls, upload: Upload, records: Records) -> "UploadView":
        asset = records.asset(upload.tenant_id, upload.asset_id)
        progress = records.upload_progress(upload.tenant_id, upload.id) if upload.source else None
        return cls.of(upload, asset, progress)

    @classmethod
    def of(cls, upload: Upload, asset: Asset | None, progress: UploadProgress | None) -> "UploadView":
        return cls(
            upload_id=upload.id,
            asset_id=upload.asset_id,
            playback_id=asset.playback_ids[0] if asset and asset.playback_ids else None,
            state=upload.state,
            size_bytes=upload.size_bytes or None,
            part_size=upload.part_size,
            part_count=part_count(upload.size_bytes, upload.part_size),
            content_type=upload.content_type,
            filename=upload.filename,
            creator_id=upload.creator_id,
            intake_policy_id=upload.policy_id,
            transcode=upload.transcode,
            progress=FetchProgress.of(progress),
            error=FailureView.of(upload.error),
            created_at=upload.created_at,
            expires_at=upload.deadline,
        )


class UploadTokenView(ResponseBody):
    upload_token: str
    upload_token_expires_at: Timestamp


class UploadSlot(UploadView):
    upload_token: str | None = Field(
        description="For a browser: signs, lists, completes and aborts this upload. Null when it is no longer open."
    )
    upload_token_expires_at: Timestamp | None

    @classmethod
    def with_token(cls, view: UploadView, token: tuple[str, datetime] | None) -> "UploadSlot":
        text, ends_at = token or (None, None)
        return cls(**dict(view), upload_token=text, upload_token_expires_at=ends_at)


class NewToken(RequestBody):
    ttl_s: TokenTtl = DEFAULT_TTL_S


class SignParts(RequestBody):
    part_numbers: Annotated[
        list[PartNumber],
        Field(min_length=1, max_length=1000, description="Parts to sign, counted from 1; at most 1,000 in one call."),
    ]
    checksums: Annotated[
        dict[PartNumber, PartChecksum],
        Field(
            max_length=1000,
            description="By part number: base64 of the part's CRC-64/NVME, or of its CRC-32C if the upload has one.",
        ),
    ] = {}


class SignedPartView(ResponseBody):
    part_number: int
    url: str
    content_length: int
    """Exact number of bytes that S3 takes at this URL."""
    headers: dict[str, str]
    """Have to be sent with the bytes."""

    @classmethod
    def of(cls, part: SignedPart) -> "SignedPartView":
        return cls(part_number=part.number, url=part.url, content_length=part.length, headers=part.headers)


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


class CompleteUpload(RequestBody):
    checksum: ChecksumBody | None = None


DUPLICATE: dict[int, OpenAPIResponse] = {
    200: {"description": "`on_duplicate` is `return_existing`, and this is the upload that brought the file before."},
    201: {"description": "The slot."},
}
COMPLETION: dict[int, OpenAPIResponse] = {
    200: {"description": "The parts are joined."},
    202: {"description": "Still joining; `Location` says where to look."},
}
