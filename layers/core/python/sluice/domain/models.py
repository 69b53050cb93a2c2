"""What the product is about, as frozen models. Times are aware UTC datetimes; sizes are bytes; durations are seconds.

Every change makes a new model with `version + 1`; the record store refuses it unless the stored row still has the
version before (see `service.ports.Replace`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from sluice.domain.encoding import ProfileRef
from sluice.domain.errors import ErrorClass, SluiceError
from sluice.domain.media_keys import media_prefix, playlists_prefix
from sluice.domain.model import Model as Model
from sluice.domain.pictures import POSTER, PREVIEWS, ChosenPoster, Storyboard, sheet_name
from sluice.domain.renditions import Rendition as Rendition
from sluice.domain.states import AssetState, DeliveryState, JobState
from sluice.domain.task_sizes import TaskSize


class ErrorInfo(Model):
    """Why an asset, job or upload failed; shown to the tenant."""

    code: str  # e.g. "input.not_video"
    error_class: ErrorClass
    retryable: bool
    message: str

    @classmethod
    def of(cls, error: SluiceError) -> "ErrorInfo":
        return cls(code=error.code, error_class=error.error_class, retryable=error.retryable, message=error.detail)


class Tenant(Model):
    id: str
    name: str
    created_at: datetime
    version: int = 1


class ApiKey(Model):
    """An API credential. `digest` is hex SHA-256 of pepper + secret; the secret is shown once, never stored."""

    id: str
    tenant_id: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked: bool = False
    version: int = 1


class Review(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Asset(Model):
    id: str
    tenant_id: str
    state: AssetState
    upload_id: str
    playback_ids: tuple[str, ...]
    playable: bool = False
    title: str | None = None
    external_id: str | None = None
    metadata: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    creator_id: str | None = None  # the caller's own id of who uploaded it
    playback_policy: Literal["signed"] = "signed"
    review: Review | None = None  # None: its intake policy asks for none
    profile: ProfileRef | None = None  # that it is, or is to be, encoded by; None: the built-in one
    active_version: str | None = None  # pointer to the AssetVersion that players get
    job_id: str | None = None
    poster: ChosenPoster | None = None  # None: nobody ever chose one
    duration_s: float | None = None
    error: ErrorInfo | None = None
    sequence: int = 0  # number of the last lifecycle event
    created_at: datetime
    updated_at: datetime
    correlation_id: str
    version: int = 1

    @property
    def cleared(self) -> bool:
        """A review, where one is asked for, has approved it."""
        return self.review in (None, Review.APPROVED)

    @property
    def thumbnail_id(self) -> str | None:
        """That players get as poster; None: the automatic one."""
        return self.poster.thumbnail_id if self.poster else None


class PlaybackLookup(Model):
    """Playback id -> asset: read before the tenant is known."""

    playback_id: str
    tenant_id: str
    asset_id: str
    version: int = 1


class AssetVersion(Model):
    """One published result. Its media objects never change; publishing swaps Asset.active_version."""

    id: str
    tenant_id: str
    asset_id: str
    job_id: str
    attempt: int
    duration_s: float
    frames: int | None  # of the source video; None without video
    renditions: tuple[Rendition, ...]
    has_poster: bool
    storyboard: Storyboard | None = None
    has_preview: bool = False
    early: bool = False  # the copied top rung and its sound alone, while its job still encodes the others
    created_at: datetime
    version: int = 1

    @property
    def media_prefix(self) -> str:
        return media_prefix(self.tenant_id, self.asset_id, self.id)

    @property
    def playlists_prefix(self) -> str:
        return playlists_prefix(self.tenant_id, self.asset_id, self.id)

    @property
    def pictures(self) -> tuple[str, ...]:
        """Names of the files beside the renditions, under the media prefix."""
        sheets = [sheet_name(number + 1) for number in range(self.storyboard.sheets if self.storyboard else 0)]
        return (*([POSTER] if self.has_poster else []), *sheets, *(PREVIEWS if self.has_preview else []))

    def rendition_prefix(self, rendition: Rendition) -> str:
        """A copied rendition stays where the early version of the same job put it."""
        return f"{media_prefix(self.tenant_id, self.asset_id, rendition.version_id or self.id)}{rendition.name}/"


class Job(Model):
    """One transcode. Its id is the execution's name, so that a doubled event starts nothing twice."""

    id: str
    tenant_id: str
    asset_id: str
    state: JobState
    source_key: str
    source_bytes: int
    profile: ProfileRef | None = None  # None: the built-in one
    size: TaskSize | None = None  # of its tasks; None: it was made before jobs had sizes
    attempt: int = 0  # 0 until a task has started
    capacity: str | None = None  # FARGATE_SPOT | FARGATE
    error: ErrorInfo | None = None
    version_id: str | None = None  # what it published
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    correlation_id: str
    version: int = 1


class JobProgress(Model):
    """Written every few seconds in a row of its own, so that it never competes with state changes."""

    tenant_id: str
    job_id: str
    attempt: int
    stage: str  # download | probe | quality | cut | encode | join | package | upload
    percent: float  # 0-100 over the whole job
    realtime_factor: float | None = None  # seconds of video encoded per second
    chunks: tuple[int, int] | None = None  # finished parts and all of them; None: one task does the whole job
    updated_at: datetime


class JobResult(Model):
    """What a task says of its own end; read before its exit code is interpreted."""

    tenant_id: str
    job_id: str
    attempt: int
    unit: str = ""  # of the job; empty: the attempt itself
    outcome: Literal["succeeded", "failed", "interrupted", "chunked"]
    plan_id: str | None = None  # of "chunked": others go on by this ChunkPlan
    version_id: str | None = None
    error: ErrorInfo | None = None
    created_at: datetime


class RetiredSecret(Model):
    """Was an endpoint's secret, and goes on signing beside the new one until a moment."""

    rotation_id: str | None  # that made it; None: the endpoint's first
    ciphertext: str
    until: datetime


DisabledReason = Literal["gone", "failing"]


class WebhookEndpoint(Model):
    id: str
    tenant_id: str
    url: str
    description: str | None
    event_types: tuple[str, ...]  # globs such as "transcode.*"; ("*",) is everything
    secret_ciphertext: str  # base64 of the KMS-encrypted signing secret (context: tenant)
    rotation_id: str | None = None  # that made the secret; None: the first
    retired_secrets: tuple[RetiredSecret, ...] = ()  # newest first
    enabled: bool = True
    disabled_reason: DisabledReason | None = None  # None: on, or switched off by its owner
    max_per_second: int | None = None  # attempts; None: as fast as its answers come
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Delivery(Model):
    """One event for one endpoint; at most one exists per pair."""

    id: str
    tenant_id: str
    webhook_id: str
    event_id: str
    event_type: str
    asset_id: str | None = None  # None: of an event about no asset
    sequence: int | None = None  # with asset_id: the key of the event row
    state: DeliveryState
    attempts: int = 0  # recorded ones; never reset
    replay_id: str | None = None  # the last that sent it again
    redriven_after: int = 0  # attempts made before the last redrive: the retry schedule counts from here
    next_attempt_at: datetime | None = None  # when the sweeper queues it, unless it was settled or claimed before
    retry_at: datetime | None = None  # of one that failed or was held back: not before
    holds: int = 0  # times in a row that its endpoint had no room for it
    claimed_until: datetime | None = None  # a sender is at work; after this moment it is taken to have died
    last_status: int | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1
