"""An asset as callers see it."""

from typing import Self

from pydantic import Field

from sluice.domain.encoding import ProfileRef
from sluice.domain.models import Asset
from sluice.http import FailureView, ResponseBody, Timestamp


class ProfileView(ResponseBody):
    """Exactly which settings: a version of a profile never changes."""

    id: str
    version: int

    @classmethod
    def of(cls, profile: ProfileRef | None) -> Self | None:
        return cls(id=profile.id, version=profile.revision) if profile else None


class AssetView(ResponseBody):
    asset_id: str
    upload_id: str
    job_id: str | None
    state: str = Field(description="created | ingesting | uploaded | processing | ready | archived | failed")
    playable: bool = Field(description="A playback session can be opened.")
    review: str | None = Field(description="pending | approved | rejected; null when no review is asked for.")
    creator_id: str | None = Field(description="Your own id of who uploaded it.")
    playback_ids: list[str]
    playback_policy: str
    encoding_profile: ProfileView | None = Field(description="Null: the built-in profile.")
    active_version: str | None = Field(description="The version that players get.")
    thumbnail_id: str | None = Field(description="The thumbnail that players get as poster; null: the automatic one.")
    title: str | None
    external_id: str | None
    metadata: dict[str, str]
    tags: list[str]
    duration_s: float | None
    error: FailureView | None
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, asset: Asset) -> Self:
        return cls(
            asset_id=asset.id,
            upload_id=asset.upload_id,
            job_id=asset.job_id,
            state=asset.state,
            playable=asset.playable and asset.cleared,
            review=asset.review,
            creator_id=asset.creator_id,
            playback_ids=list(asset.playback_ids),
            playback_policy=asset.playback_policy,
            encoding_profile=ProfileView.of(asset.profile),
            active_version=asset.active_version,
            thumbnail_id=asset.thumbnail_id,
            title=asset.title,
            external_id=asset.external_id,
            metadata=dict(asset.metadata),
            tags=list(asset.tags),
            duration_s=asset.duration_s,
            error=FailureView.of(asset.error),
            created_at=asset.created_at,
            updated_at=asset.updated_at,
        )
