"""What an upload is held to: a tenant's intake policies, and the rules that each upload takes from one of them.

An upload stores its rules when it is made: a policy that changes later changes no upload that is already under way.
"""

from base64 import b64decode
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sluice.domain.models import Model


class ChecksumAlgorithm(StrEnum):
    """The two that S3 can compute over a whole multipart object; SHA-256 exists per part only."""

    CRC64NVME = "crc64nvme"
    CRC32C = "crc32c"


_LENGTHS = {ChecksumAlgorithm.CRC64NVME: 8, ChecksumAlgorithm.CRC32C: 4}


def is_value(algorithm: ChecksumAlgorithm, text: str) -> bool:
    """Base64 of as many bytes as the algorithm makes."""
    try:
        return len(b64decode(text, validate=True)) == _LENGTHS[algorithm]
    except ValueError:
        return False


class Checksum(Model):
    """Of the whole object. A CRC finds accidents; anybody can make a second file with the same one."""

    algorithm: ChecksumAlgorithm
    value: str  # base64 of the big-endian bytes, as S3 writes it


class Quotas(Model):
    """Limits on what is open at once; None is no limit. Bytes are declared bytes of uploads that are not settled."""

    max_open_uploads: int | None = None  # of the tenant
    max_open_bytes: int | None = None
    max_open_uploads_per_creator: int | None = None
    max_open_bytes_per_creator: int | None = None


class IntakeRules(Model):
    max_bytes: int | None = None
    max_duration_s: float | None = None
    allowed_types: tuple[str, ...] = ()  # media types such as "video/mp4", or "video/*"; empty: every type
    allowed_origins: tuple[str, ...] = ()  # of browsers, such as "https://app.example.com"; empty: every origin
    upload_ttl_s: int | None = None
    metadata_schema: str | None = None  # JSON Schema (2020-12) of the metadata, as JSON text
    playback_policy: Literal["signed"] = "signed"
    review: Literal["none", "required"] = "none"
    on_interrupt: Literal["keep", "abort"] = "keep"
    encoding_profile_id: str | None = None  # for uploads that name none; None: the built-in profile
    quotas: Quotas = Quotas()


class IntakePolicy(Model):
    id: str
    tenant_id: str
    name: str
    rules: IntakeRules
    created_at: datetime
    updated_at: datetime
    version: int = 1
