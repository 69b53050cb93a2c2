"""What the use cases need from the outside, as Protocols.

Adapters implement them; fakes pass the same contract suites.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sluice.domain.asset_jobs import AssetJob
from sluice.domain.audit import AuditRecord
from sluice.domain.chunks import ChunkRecord
from sluice.domain.deliveries import AssetDelivery
from sluice.domain.encoding import CurrentProfile, EncodingProfile
from sluice.domain.endpoint_health import EndpointHealth, SendSlot
from sluice.domain.events import Event
from sluice.domain.feed import FeedEntry, FeedHead, FeedHour, FeedPlace, FeedWaiter
from sluice.domain.idempotency import IdempotencyRecord
from sluice.domain.ids import Prefix
from sluice.domain.ingest import IngestBatch
from sluice.domain.intake import Checksum, ChecksumAlgorithm, IntakePolicy
from sluice.domain.leases import Lease, LeaseBook
from sluice.domain.models import (
    ApiKey,
    Asset,
    AssetVersion,
    Delivery,
    Job,
    JobProgress,
    JobResult,
    PlaybackLookup,
    Tenant,
    WebhookEndpoint,
)
from sluice.domain.redrives import RedrivePace
from sluice.domain.replays import Replay, ReplayPlace
from sluice.domain.thumbnails import Thumbnail, ThumbnailRow
from sluice.domain.upload import Fingerprint, Upload, UploadProgress, Usage
from sluice.service.feed_ports import Dispatched, FeedRecords
from sluice.service.job_ports import Executions as Executions
from sluice.service.job_ports import JobRecords
from sluice.service.lease_ports import LeaseRecords, Release
from sluice.service.profile_ports import ProfileRecords
from sluice.service.thumbnail_ports import ThumbnailRecords
from sluice.service.webhook_ports import WebhookRecords

Versioned = (
    Tenant
    | ApiKey
    | Upload
    | Asset
    | AssetVersion
    | Job
    | PlaybackLookup
    | WebhookEndpoint
    | Delivery
    | EndpointHealth
    | SendSlot
    | IdempotencyRecord
    | IntakePolicy
    | Fingerprint
    | IngestBatch
    | ChunkRecord
    | EncodingProfile
    | CurrentProfile
    | FeedHead
    | FeedWaiter
    | Replay
    | ReplayPlace
    | RedrivePace
    | Lease
    | LeaseBook
    | ThumbnailRow
)


@dataclass(frozen=True)
class Create:
    """The row must not exist yet."""

    record: Versioned | Event | AssetJob | AssetDelivery | FeedHour | FeedEntry | FeedPlace | AuditRecord


@dataclass(frozen=True)
class Replace:
    """The stored row must still have version `record.version - steps`."""

    record: Versioned
    steps: int = 1


@dataclass(frozen=True)
class Remove:
    """The stored row must still have `record.version`."""

    record: Versioned


@dataclass(frozen=True)
class Count:
    """Add to what a tenant (`creator_id` None) or a creator has open; `commit` raises QuotaExceeded above a limit."""

    tenant_id: str
    creator_id: str | None
    uploads: int  # negative when an upload is settled
    size_bytes: int
    max_uploads: int | None = None
    max_bytes: int | None = None
    fetches: int = 0  # those of the uploads that a task of ours fetches
    max_fetches: int | None = None


Write = Create | Replace | Remove | Count | Dispatched | Release


class Clock(Protocol):
    def __call__(self) -> datetime: ...


class Ids(Protocol):
    def __call__(self, prefix: Prefix) -> str: ...


class Records(JobRecords, ProfileRecords, LeaseRecords, WebhookRecords, FeedRecords, ThumbnailRecords, Protocol):
    """The table. Reads are strongly consistent unless they say otherwise; `None` means no such row."""

    def commit(self, *writes: Write) -> None:
        """All or nothing, at most 100 writes. Raises WriteConflict when an assumption does not hold, QuotaExceeded."""
        ...

    def tenant(self, tenant_id: str) -> Tenant | None: ...
    def upload(self, tenant_id: str, upload_id: str) -> Upload | None: ...
    def upload_progress(self, tenant_id: str, upload_id: str) -> UploadProgress | None: ...
    def ingest_batch(self, tenant_id: str, batch_id: str) -> IngestBatch | None: ...
    def intake_policy(self, tenant_id: str, policy_id: str) -> IntakePolicy | None: ...
    def intake_policies(self, tenant_id: str) -> list[IntakePolicy]: ...
    def usage(self, tenant_id: str, creator_id: str | None) -> Usage: ...
    def fingerprint(self, tenant_id: str, digest: str) -> Fingerprint | None: ...
    def asset(self, tenant_id: str, asset_id: str) -> Asset | None: ...
    def asset_version(self, tenant_id: str, asset_id: str, version_id: str) -> AssetVersion | None: ...
    def event(self, tenant_id: str, asset_id: str, sequence: int) -> Event | None: ...
    def idempotency(self, tenant_id: str, route: str, key: str) -> IdempotencyRecord | None: ...
    def api_key(self, key_id: str) -> ApiKey | None: ...
    def playback(self, playback_id: str) -> PlaybackLookup | None: ...

    def list_assets(self, tenant_id: str, *, limit: int, before: str | None) -> tuple[list[Asset], str | None]:
        """Newest first, eventually consistent; `before` and the second half of the answer are asset ids."""
        ...

    def save_progress(self, progress: JobProgress | UploadProgress) -> None: ...
    def save_result(self, result: JobResult) -> None: ...

    def postpone(self, record: Upload | Job | Event | Thumbnail, until: datetime) -> None:
        """Leave the row out of its work list until then, unless it changes before; its version stays."""
        ...

    def expired_uploads(self, *, before: datetime, limit: int) -> list[Upload]:
        """Open uploads of clients whose deadline is before `before`."""
        ...

    def unsettled_uploads(self, *, before: datetime, limit: int) -> list[Upload]:
        """Uploads in `completing`, and open ones that are fetched, that were last written before `before`."""
        ...


NO_CHECKSUMS: Mapping[int, str] = MappingProxyType({})


class StoredPart(NamedTuple):
    number: int
    etag: str
    size: int
    checksum: Checksum | None = None  # of the part, by the upload's algorithm


class StoredObject(NamedTuple):
    size: int
    etag: str
    checksum: Checksum | None = None  # of the whole object, as S3 computed it


class SignedPart(NamedTuple):
    number: int
    url: str
    length: int  # bytes; bound by the signature
    headers: dict[str, str]  # what the sender has to send beside; bound by the signature as well


class UploadObjects(Protocol):
    """The uploads bucket."""

    def create_multipart(
        self,
        key: str,
        *,
        content_type: str,
        correlation_id: str,
        checksum_algorithm: ChecksumAlgorithm | None = None,
    ) -> str:
        """Returns S3's UploadId. S3 computes the object's checksum by CRC64NVME unless another algorithm is given."""
        ...

    def parts(self, key: str, multipart_id: str) -> list[StoredPart]:
        """All stored parts by number. Raises UploadClosed when the multipart upload no longer exists."""
        ...

    def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, checksum: Checksum | None = None
    ) -> None:
        """Join exactly these parts; the object must not exist and must have their total size and the `checksum`.

        Raises UploadSizeMismatch, UploadChecksumMismatch, UploadIncomplete (a part changed), UploadClosed (already
        completed or aborted). The checksum's algorithm is the one that the multipart upload was created with.
        """
        ...

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        """A no-op when it no longer exists."""
        ...

    def head(self, key: str) -> StoredObject | None: ...
    def delete(self, key: str) -> None: ...


class PartSigner(Protocol):
    def sign(
        self, upload: Upload, numbers: Iterable[int], *, expires_s: int, checksums: Mapping[int, str] = NO_CHECKSUMS
    ) -> list[SignedPart]:
        """`checksums`: of the bytes of some or all of the parts, base64, by `upload.checksum_algorithm`.

        A URL signed with a checksum takes no other bytes, and only beside the header that says so.
        """
        ...


class CompletionQueue(Protocol):
    def send(self, *, tenant_id: str, upload_id: str) -> None: ...
