"""Stored items: which key, index entries and clean-up time each record gets, and the way back.

The body of an item is the record's fields; everything an index needs is derived from the record here, so that an
index entry disappears by itself when the record no longer calls for action (the `due` index is sparse).
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.domain.audit import AuditRecord
from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.deliveries import AssetDelivery, DeliveryAttempt
from sluice.domain.endpoint_health import EndpointHealth, SendSlot
from sluice.domain.events import Event, timestamp
from sluice.domain.feed import FeedEntry, FeedHour, FeedPlace, FeedWaiter
from sluice.domain.idempotency import IdempotencyRecord
from sluice.domain.ingest import IngestBatch
from sluice.domain.models import (
    Asset,
    Delivery,
    Job,
    Model,
    WebhookEndpoint,
)
from sluice.domain.replays import Replay
from sluice.domain.states import AssetState, DeliveryState, JobState, ThumbnailState, UploadState
from sluice.domain.thumbnails import DiscardedPicture, Thumbnail
from sluice.domain.upload import Upload, UploadSource
from sluice.table import DueKind, Key

Item = dict[str, Any]
M = TypeVar("M", bound=Model)

IDEMPOTENCY_LIFE = timedelta(hours=24)
DELIVERY_LIFE = timedelta(days=30)
LONGEST_WAIT = timedelta(days=3)  # more than any pause between attempts of one that was sent again on its last day
SLOT_LIFE = timedelta(days=1)  # after it became free; nobody takes one again that is not used
AUDIT_LIFE = timedelta(days=365)
CHUNK_LIFE = timedelta(days=7)  # the longest execution ends before

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def due(record: Model) -> tuple[DueKind, datetime] | None:
    """Who has to act on this record, and from when; None while nobody has to."""
    match record:
        case Upload(state=UploadState.OPEN, source=UploadSource()) | Upload(state=UploadState.COMPLETING):
            return DueKind.UPLOAD_CHECK, record.updated_at
        case Upload(state=UploadState.OPEN):
            return DueKind.UPLOAD_EXPIRY, record.deadline
        case Job(state=JobState.QUEUED | JobState.RUNNING):
            return DueKind.JOB_CHECK, record.updated_at
        case Event(dispatched=False):
            return DueKind.DISPATCH, record.timestamp
        case Delivery(state=DeliveryState.PENDING | DeliveryState.RETRYING, next_attempt_at=datetime() as at):
            return DueKind.DELIVERY, at
        case Thumbnail(state=ThumbnailState.PENDING):
            return DueKind.THUMBNAIL, record.created_at
        case DiscardedPicture():
            return DueKind.PICTURE_REMOVAL, record.remove_at
        case Replay(next_step_at=datetime() as at):
            return DueKind.REPLAY, at
        case WebhookEndpoint(retired_secrets=(_, *_) as retired):
            return DueKind.ROTATION, min(secret.until for secret in retired)
        case _:
            return None


def due_position(moment: datetime, key: Key) -> str:
    """Sorts by time within a shard of the work index."""
    return f"{timestamp(moment)}#{key.pk}"


def dead_letter_position(delivery: Delivery) -> str:
    """Sorts by the time of death: nothing writes a dead delivery but what revives it."""
    return f"{timestamp(delivery.updated_at)}#{delivery.webhook_id}#{delivery.event_id}"


def _kept_until(record: Model) -> datetime | None:
    """When the clean-up may take the row; None: never."""
    match record:
        case IdempotencyRecord() | IngestBatch():  # the second is asked for by the key of the first only
            return record.created_at + IDEMPOTENCY_LIFE
        case ChunkPlan() | ChunkPart():
            return record.created_at + CHUNK_LIFE
        case Delivery():
            return max(record.created_at + DELIVERY_LIFE, record.updated_at + LONGEST_WAIT)
        case AssetDelivery():
            return record.created_at + DELIVERY_LIFE
        case DeliveryAttempt():
            return record.sent_at + DELIVERY_LIFE
        case SendSlot():
            return record.free_at + SLOT_LIFE
        case EndpointHealth() | Replay():
            return record.updated_at + DELIVERY_LIFE
        case FeedHour() | FeedEntry() | FeedPlace() | FeedWaiter():
            return record.kept_until
        case AuditRecord():
            return record.at + AUDIT_LIFE
        case _:
            return None


def _indexes(record: Model, key: Key) -> Item:
    entries: Item = {}
    if work := due(record):
        kind, moment = work
        entries[table.DUE_PK] = table.due_partition(kind, key.pk + key.sk)
        entries[table.DUE_SK] = due_position(moment, key)
    if until := _kept_until(record):
        entries[table.TTL] = int(until.timestamp())
    match record:
        case Asset() if record.state is not AssetState.DELETED:
            entries[table.LIST_PK] = table.asset_list(record.tenant_id)
            entries[table.LIST_SK] = record.id
        case Job():
            entries[table.LIST_PK] = table.job_list(record.tenant_id)
            entries[table.LIST_SK] = record.id
        case Delivery(state=DeliveryState.DEAD):
            entries[table.LIST_PK] = table.dead_letter_list(record.tenant_id)
            entries[table.LIST_SK] = dead_letter_position(record)
        case _:
            pass
    return entries


def to_item(record: Model) -> Item:
    """The item in DynamoDB's wire format."""
    key = key_of(record)
    # Only what differs from its default: functions are not replaced all at once, and one of the release before reads
    # rows of this one as long as they use nothing that is new.
    body = json.loads(record.model_dump_json(exclude_defaults=True), parse_float=Decimal)
    item = {table.PK: key.pk, table.SK: key.sk, **_indexes(record, key), "record": body}
    body.pop("version", None)
    if (version := getattr(record, "version", None)) is not None:
        item[table.VERSION] = version
    return {name: _serialize(value) for name, value in item.items()}


def from_item(model: type[M], item: Mapping[str, Any]) -> M:
    """The record of an item in wire format."""
    body: dict[str, Any] = _deserialize(item["record"])
    if table.VERSION in item:
        body["version"] = int(_deserialize(item[table.VERSION]))
    return model.model_validate(body)
