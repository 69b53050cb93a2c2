"""Lifecycle events: the envelope (Standard Webhooks body), and the one way to change an asset's state.

An event's `body` is serialised once; the same bytes are stored, signed and sent.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sluice.domain.event_catalogue import EventType
from sluice.domain.event_payloads import (
    AssetPayload,
    DuplicatePayload,
    Envelope,
    Failure,
    Payload,
    PingPayload,
    ThumbnailPayload,
)
from sluice.domain.models import Asset, Model
from sluice.domain.states import ASSET_EDGES, AssetState, check_edge
from sluice.domain.thumbnails import Thumbnail

__all__ = [
    "API_VERSION",
    "PING",
    "Event",
    "EventType",
    "Origin",
    "advance",
    "describe",
    "describe_of_tenant",
    "describe_ping",
    "timestamp",
]

API_VERSION = "2026-12-01"  # of every schema: a change that is not additive is another one
PING = "webhook.ping"  # no type of the catalogue: it belongs to no asset, and cannot be subscribed to


class Event(Model):
    """One row of an asset's history, or of its tenant's. `sequence` never skips within an asset."""

    id: str
    type: EventType
    tenant_id: str
    asset_id: str | None = None  # None: it is about no asset, and has no sequence
    sequence: int | None = None
    timestamp: datetime
    body: str  # the envelope as JSON
    dispatched: bool = False


class Origin(NamedTuple):
    """What caused a change: carried into the event for tracing."""

    environment: str
    now: datetime
    event_id: str  # a fresh id for the event to write
    request_id: str | None = None
    duplicate_of: str | None = None  # upload.duplicate: the asset that holds the same file
    thumbnail: Thumbnail | None = None  # thumbnail.*: the one that has ended


def timestamp(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds: 2026-12-01T10:00:00.123Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def advance(
    asset: Asset, event_type: EventType, origin: Origin, *, to: AssetState | None = None, **changes: Any
) -> tuple[Asset, Event]:
    """Move `asset` along one legal edge (or keep its state) and make the event that tells it.

    Both must be committed in one transaction. Raises InvalidTransition.
    """
    state = asset.state if to is None or to == asset.state else check_edge(ASSET_EDGES, asset.state, to)
    after = asset.model_copy(
        update={
            **changes,
            "state": state,
            "sequence": asset.sequence + 1,
            "version": asset.version + 1,
            "updated_at": origin.now,
        }
    )
    return after, describe(after, event_type, origin, previous_state=asset.state)


def describe(asset: Asset, event_type: EventType, origin: Origin, *, previous_state: AssetState | None) -> Event:
    """The event that announces `asset` as it is now, numbered `asset.sequence`."""
    body = _body(
        event_type,
        asset.tenant_id,
        origin,
        sequence=asset.sequence,
        correlation_id=asset.correlation_id,
        data=_data(asset, origin, previous_state),
    )
    return Event(
        id=origin.event_id,
        type=event_type,
        tenant_id=asset.tenant_id,
        asset_id=asset.id,
        sequence=asset.sequence,
        timestamp=origin.now,
        body=body,
    )


def _data(asset: Asset, origin: Origin, previous_state: AssetState | None) -> AssetPayload:
    data = AssetPayload.of(asset, previous_state)
    if origin.duplicate_of:
        return DuplicatePayload(**dict(data), duplicate_of=origin.duplicate_of)
    if origin.thumbnail:
        error = Failure.of(origin.thumbnail.error) if origin.thumbnail.error else None
        shown = asset.thumbnail_id == origin.thumbnail.id
        return ThumbnailPayload(**dict(data) | {"error": error}, thumbnail_id=origin.thumbnail.id, shown=shown)
    return data


def describe_of_tenant(
    event_type: EventType, tenant_id: str, origin: Origin, *, correlation_id: str, data: Payload
) -> Event:
    """An event about no asset."""
    body = _body(event_type, tenant_id, origin, sequence=None, correlation_id=correlation_id, data=data)
    return Event(id=origin.event_id, type=event_type, tenant_id=tenant_id, timestamp=origin.now, body=body)


def describe_ping(webhook_id: str, tenant_id: str, origin: Origin, *, correlation_id: str) -> str:
    """The body of a test: an envelope like the others, without a sequence."""
    data = PingPayload(webhook_id=webhook_id)
    return _body(PING, tenant_id, origin, sequence=None, correlation_id=correlation_id, data=data)


def _body(
    event_type: str, tenant_id: str, origin: Origin, *, sequence: int | None, correlation_id: str, data: Payload
) -> str:
    envelope = Envelope(
        id=origin.event_id,
        type=event_type,
        timestamp=timestamp(origin.now),
        api_version=API_VERSION,
        environment=origin.environment,
        tenant_id=tenant_id,
        sequence=sequence,
        correlation_id=correlation_id,
        request_id=origin.request_id,
        data=data,
    )
    return envelope.model_dump_json(by_alias=True)
