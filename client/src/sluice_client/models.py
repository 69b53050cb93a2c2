"""What the API answers, as frozen dataclasses. Fields that this version does not know are left out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice_client.thumbnails import Thumbnail
    from sluice_client.upload_models import Upload

Json = Mapping[str, Any]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not know the Z


def _moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def as_json(model: "Upload | Asset | Job | PlaybackSession | Thumbnail") -> dict[str, Any]:
    """Back to the API's spelling, for scripts."""
    found: dict[str, Any] = _spell(asdict(model))
    return found


def _spell(value: Any) -> Any:
    if isinstance(value, dict):
        return {"class" if name == "kind" else name: _spell(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_spell(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


@dataclass(frozen=True)
class Failure:
    """Why an asset, upload or job failed. `kind` is the API's `class`: input, config or provider."""

    code: str
    kind: str
    retryable: bool
    message: str

    @classmethod
    def of(cls, data: Json | None) -> "Failure | None":
        return None if data is None else cls(data["code"], data["class"], data["retryable"], data["message"])


@dataclass(frozen=True)
class ProfileRef:
    """Which version of an encoding profile."""

    id: str
    version: int

    @classmethod
    def of(cls, data: Json | None) -> "ProfileRef | None":
        return None if data is None else cls(data["id"], data["version"])


@dataclass(frozen=True)
class Asset:
    """`state` is created, ingesting, uploaded, processing, ready, archived, failed or deleted."""

    asset_id: str
    upload_id: str
    job_id: str | None
    state: str
    playable: bool
    review: str | None  # pending, approved or rejected; None where none is asked for
    creator_id: str | None
    playback_ids: tuple[str, ...]
    playback_policy: str
    active_version: str | None
    encoding_profile: ProfileRef | None  # None: the built-in one
    thumbnail_id: str | None  # the chosen poster; None: the automatic one
    title: str | None
    external_id: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str]
    duration_s: float | None
    error: Failure | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, data: Json) -> "Asset":
        return cls(
            asset_id=data["asset_id"],
            upload_id=data["upload_id"],
            job_id=data["job_id"],
            state=data["state"],
            playable=data["playable"],
            review=data.get("review"),
            creator_id=data.get("creator_id"),
            playback_ids=tuple(data["playback_ids"]),
            playback_policy=data["playback_policy"],
            active_version=data["active_version"],
            encoding_profile=ProfileRef.of(data.get("encoding_profile")),
            thumbnail_id=data.get("thumbnail_id"),
            title=data["title"],
            external_id=data["external_id"],
            tags=tuple(data["tags"]),
            metadata=dict(data["metadata"]),
            duration_s=data["duration_s"],
            error=Failure.of(data["error"]),
            created_at=moment(data["created_at"]),
            updated_at=moment(data["updated_at"]),
        )


@dataclass(frozen=True)
class JobProgress:
    stage: str
    percent: float  # of the whole job
    realtime_factor: float | None
    attempt: int
    chunks_done: int | None  # of a video that several tasks encode
    chunks_total: int | None
    updated_at: datetime

    @classmethod
    def of(cls, data: Json | None) -> "JobProgress | None":
        if data is None:
            return None
        return cls(
            stage=data["stage"],
            percent=data["percent"],
            realtime_factor=data["realtime_factor"],
            attempt=data["attempt"],
            chunks_done=data.get("chunks_done"),
            chunks_total=data.get("chunks_total"),
            updated_at=moment(data["updated_at"]),
        )


@dataclass(frozen=True)
class RenditionQuality:
    rendition: str
    crf: int  # constant quality of the encoder: lower is better and larger
    vmaf: float | None  # 0-100, what the samples promise at this CRF; None: not sampled
    kbps: int | None
    kept: bool  # False: it would have added nothing to the rendition above it

    @classmethod
    def of(cls, data: Json) -> "RenditionQuality":
        return cls(data["rendition"], data["crf"], data["vmaf"], data["kbps"], data["kept"])


@dataclass(frozen=True)
class JobQuality:
    """What was decided for this video, where the encoding profile asks for quality per title."""

    sampled: bool  # False: it is too short for samples to be worth it, and the defaults hold
    renditions: tuple[RenditionQuality, ...]

    @classmethod
    def of(cls, data: Json | None) -> "JobQuality | None":
        if data is None:
            return None
        return cls(data["sampled"], tuple(RenditionQuality.of(one) for one in data["renditions"]))


@dataclass(frozen=True)
class Job:
    """`state` is queued, running, succeeded, failed or cancelled."""

    job_id: str
    asset_id: str
    state: str
    attempt: int
    encoding_profile: ProfileRef | None
    capacity: str | None
    progress: JobProgress | None
    quality: JobQuality | None  # in the answer of `get_job` alone
    version_id: str | None
    error: Failure | None
    created_at: datetime
    started_at: datetime | None
    queue_wait_s: float | None  # from created_at to started_at
    finished_at: datetime | None

    @classmethod
    def of(cls, data: Json) -> "Job":
        return cls(
            job_id=data["job_id"],
            asset_id=data["asset_id"],
            state=data["state"],
            attempt=data["attempt"],
            encoding_profile=ProfileRef.of(data.get("encoding_profile")),
            capacity=data["capacity"],
            progress=JobProgress.of(data["progress"]),
            quality=JobQuality.of(data.get("quality")),
            version_id=data["version_id"],
            error=Failure.of(data["error"]),
            created_at=moment(data["created_at"]),
            started_at=_moment_or_none(data["started_at"]),
            queue_wait_s=data.get("queue_wait_s"),
            finished_at=_moment_or_none(data["finished_at"]),
        )


@dataclass(frozen=True)
class PlaybackSession:
    session_id: str
    playback_id: str
    hls_url: str
    dash_url: str
    poster_url: str | None
    storyboard_url: str | None  # WebVTT
    preview_url: str | None
    expires_at: datetime

    @classmethod
    def of(cls, data: Json) -> "PlaybackSession":
        return cls(
            session_id=data["session_id"],
            playback_id=data["playback_id"],
            hls_url=data["hls_url"],
            dash_url=data["dash_url"],
            poster_url=data["poster_url"],
            storyboard_url=data.get("storyboard_url"),
            preview_url=data.get("preview_url"),
            expires_at=moment(data["expires_at"]),
        )
