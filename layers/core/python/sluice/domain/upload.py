"""An upload: the slot that bytes come through, from a client in parts or from a URL that we fetch."""

import hashlib
import json
from datetime import datetime
from typing import Literal

from sluice.domain.intake import Checksum, ChecksumAlgorithm, IntakeRules
from sluice.domain.models import ErrorInfo, Model
from sluice.domain.states import UploadState

SETTLED = frozenset({UploadState.COMPLETE, UploadState.EXPIRED, UploadState.ABORTED, UploadState.FAILED})


class UploadSource(Model):
    """Where we fetch the bytes from, instead of waiting for a client to send them."""

    url: str  # https://..., or s3://bucket/key of the own account
    headers: dict[str, str] = {}  # for the URL's own origin only; dropped with its query once the upload is settled
    started_at: datetime | None = None  # when a task first began to fetch
    validator: str | None = None  # the state of the file that the stored parts are of


class Upload(Model):
    id: str
    tenant_id: str
    asset_id: str
    state: UploadState
    key: str  # object key in the uploads bucket
    multipart_id: str  # S3's UploadId; "" until a fetch has opened one
    size_bytes: int  # declared; 0 until a fetch has learnt it
    part_size: int
    content_type: str
    filename: str | None
    creator_id: str | None = None  # the caller's own id of who uploads
    transcode: Literal["auto", "none"] = "auto"
    checksum: Checksum | None = None  # of the whole file, declared with the slot
    completion_checksum: Checksum | None = None  # declared with the last completion, where the slot has none
    source: UploadSource | None = None
    policy_id: str | None = None
    rules: IntakeRules = IntakeRules()  # the policy as it was when the upload was made
    held_bytes: int = 0  # what it counts for in the open bytes of tenant and creator
    idle_until: datetime | None = None  # on_interrupt "abort": given up when no part URL was asked for by then
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    correlation_id: str
    etag: str | None = None  # of the complete object
    error: ErrorInfo | None = None
    version: int = 1

    @property
    def deadline(self) -> datetime:
        """When it is given up, unless it is settled or renewed before."""
        return min(self.expires_at, self.idle_until or self.expires_at)

    @property
    def declared_checksum(self) -> Checksum | None:
        return self.checksum or self.completion_checksum

    @property
    def checksum_algorithm(self) -> ChecksumAlgorithm:
        """What S3 computes over its parts: settled with the slot, so a checksum that is declared later is of this."""
        return self.checksum.algorithm if self.checksum else ChecksumAlgorithm.CRC64NVME


class Fingerprint(Model):
    """The first accepted file of its kind: who uploads the same again, under the same policy, has a duplicate.

    Creator and policy belong to the digest, because a CRC can be forged: one creator must not be able to hand another
    one a file of its own, nor to block it.
    """

    tenant_id: str
    digest: str
    asset_id: str
    created_at: datetime
    version: int = 1


def fingerprint_digest(checksum: Checksum, *, size_bytes: int, creator_id: str | None, policy_id: str | None) -> str:
    """Hex SHA-256 of what makes two uploads the same."""
    same = json.dumps([checksum.algorithm, checksum.value, size_bytes, creator_id, policy_id])
    return hashlib.sha256(same.encode()).hexdigest()


class Usage(Model):
    """What a tenant, or one of its creators, has open. Counted inside the transactions that open and settle uploads."""

    tenant_id: str
    creator_id: str | None  # None: the whole tenant
    open_uploads: int = 0
    open_bytes: int = 0
    open_fetches: int = 0


class UploadProgress(Model):
    """How far a fetch is; written every few seconds in a row of its own."""

    tenant_id: str
    upload_id: str
    received_bytes: int
    total_bytes: int | None  # None: the source does not say
    updated_at: datetime
