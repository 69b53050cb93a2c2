"""What an event says, as models: its envelope, and the `data` of each kind. The published schemas are made from these.

No field has a default: a consumer finds every one of them in every event. Within a version they only ever grow
(docs/webhooks.md), which `infra.local.event_schemas` checks; one that is added says so by `event_schemas.SINCE`.
"""

from typing import Literal

from pydantic import Field, SerializeAsAny

from sluice.domain.errors import ErrorClass
from sluice.domain.models import Asset, ErrorInfo, Model, Review
from sluice.domain.states import AssetState


class Payload(Model):
    """`data` of an event."""


class Failure(Model):
    code: str = Field(description="Stable, for example `input.not_video`.")
    error_class: ErrorClass = Field(serialization_alias="class", description="We retry only `provider` by ourselves.")
    retryable: bool
    message: str = Field(description="Safe to show to people.")

    @classmethod
    def of(cls, error: ErrorInfo) -> "Failure":
        return cls(**error.model_dump())


class AssetPayload(Payload):
    """The asset as it is right after the event."""

    asset_id: str
    upload_id: str
    job_id: str | None = Field(description="Of its newest transcode.")
    playback_ids: tuple[str, ...]
    state: AssetState
    previous_state: AssetState | None = Field(description="Null: the asset is new.")
    external_id: str | None = Field(description="Your own id of it.")
    review: Review | None = Field(description="Null: no review is asked for.")
    error: Failure | None

    @classmethod
    def of(cls, asset: Asset, previous_state: AssetState | None) -> "AssetPayload":
        return cls(
            asset_id=asset.id,
            upload_id=asset.upload_id,
            job_id=asset.job_id,
            playback_ids=asset.playback_ids,
            state=asset.state,
            previous_state=previous_state,
            external_id=asset.external_id,
            review=asset.review,
            error=Failure.of(asset.error) if asset.error else None,
        )


class DuplicatePayload(AssetPayload):
    duplicate_of: str = Field(description="The asset that holds the same file.")


class ThumbnailPayload(AssetPayload):
    """`error` is the thumbnail's."""

    thumbnail_id: str
    shown: bool = Field(description="Players get it: it was not asked for before the one that they get.")


class EndpointDisabledPayload(Payload):
    webhook_id: str
    reason: Literal["gone", "failing"]
    failing_since: str | None = Field(description="Of the first attempt since the last that was delivered.")


class PingPayload(Payload):
    webhook_id: str


class Envelope(Model):
    """The body of a webhook by Standard Webhooks, and one event of the feed."""

    id: str = Field(description="The same in every attempt; also the header `webhook-id`.")
    type: str
    timestamp: str = Field(description="UTC with milliseconds.", json_schema_extra={"format": "date-time"})
    api_version: str
    environment: str
    tenant_id: str
    sequence: int | None = Field(description="Counts the events of one asset from 1; null: of no asset.")
    correlation_id: str
    request_id: str | None = Field(description="Of the call that caused it; null: none did.")
    data: SerializeAsAny[Payload]
