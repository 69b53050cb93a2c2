"""What the API answers about uploads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sluice_client.models import Failure, Json, moment


@dataclass(frozen=True)
class Checksum:
    """Of a whole file. `algorithm` is crc64nvme or crc32c, `value` base64 of the big-endian bytes."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class Fetched:
    """How far a file is that Sluice fetches from a URL; `total` is None while the source does not say."""

    bytes: int
    total: int | None

    @classmethod
    def of(cls, data: Json | None) -> "Fetched | None":
        return None if data is None else cls(data["bytes"], data["total"])


@dataclass(frozen=True)
class Upload:
    """A reserved upload; `state` is open, completing, complete, expired, aborted or failed."""

    upload_id: str
    asset_id: str
    playback_id: str | None
    state: str
    size_bytes: int | None  # None until a fetch has learnt it
    part_size: int
    part_count: int
    content_type: str
    filename: str | None
    creator_id: str | None
    intake_policy_id: str | None
    transcode: str  # auto or none
    progress: Fetched | None  # None for what a client sends
    error: Failure | None
    created_at: datetime
    expires_at: datetime

    def length_of(self, part_number: int) -> int:
        """Bytes of one part, counted from 1: all but the last have `part_size`."""
        return min(self.part_size, (self.size_bytes or 0) - (part_number - 1) * self.part_size)

    @classmethod
    def of(cls, data: Json) -> "Upload":
        """`get` where deployments of the first version say nothing."""
        return cls(
            upload_id=data["upload_id"],
            asset_id=data["asset_id"],
            playback_id=data["playback_id"],
            state=data["state"],
            size_bytes=data["size_bytes"],
            part_size=data["part_size"],
            part_count=data["part_count"],
            content_type=data["content_type"],
            filename=data["filename"],
            creator_id=data.get("creator_id"),
            intake_policy_id=data.get("intake_policy_id"),
            transcode=data.get("transcode", "auto"),
            progress=Fetched.of(data.get("progress")),
            error=Failure.of(data["error"]),
            created_at=moment(data["created_at"]),
            expires_at=moment(data["expires_at"]),
        )


@dataclass(frozen=True)
class SignedPart:
    part_number: int
    url: str  # whoever has it can send the part: not for logs
    content_length: int
    headers: Mapping[str, str] = field(default_factory=dict)  # to be sent with it: they are signed too

    @classmethod
    def of(cls, data: Json) -> "SignedPart":
        return cls(data["part_number"], data["url"], data["content_length"], dict(data.get("headers", {})))


@dataclass(frozen=True)
class StoredPart:
    part_number: int
    size_bytes: int
    etag: str

    @classmethod
    def of(cls, data: Json) -> "StoredPart":
        return cls(data["part_number"], data["size_bytes"], data["etag"])
