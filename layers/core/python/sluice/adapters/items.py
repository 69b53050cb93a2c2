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
from sluice.domain.asset_jobs import AssetJob
from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.deliveries import AssetDelivery, DeliveryAttempt
from sluice.domain.encoding import CurrentProfile, EncodingProfile
from sluice.domain.endpoint_health import EndpointHealth, SendSlot
from sluice.domain.events import Event, timestamp
from sluice.domain.feed import FeedEntry, FeedHead, FeedHour, FeedWaiter
from sluice.domain.idempotency import IdempotencyRecord
from sluice.domain.ingest import IngestBatch
from sluice.domain.intake import IntakePolicy
from sluice.domain.models import (
    ApiKey,
    Asset,
    AssetVersion,
    Delivery,
    Job,
    JobProgress,
    JobResult,
    Model,
    PlaybackLookup,
    Tenant,
    WebhookEndpoint,
)
from sluice.domain.quality import QualityChoice
from sluice.domain.states import AssetState, DeliveryState, JobState, UploadState
from sluice.domain.upload import Fingerprint, Upload, UploadProgress, UploadSource
from sluice.table import DueKind, Key

Item = dict[str, Any]
M = TypeVar("M", bound=Model)

IDEMPOTENCY_LIFE = timedelta(hours=24)
DELIVERY_LIFE = timedelta(days=30)
SLOT_LIFE = timedelta(days=1)  # after it became free; nobody takes one again that is not used
CHUNK_LIFE = timedelta(days=7)  # the longest execution ends before

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def key_of(record: Model) -> Key:
    match record:
        case Tenant():
            return table.tenant(record.id)
        case ApiKey():
            return table.api_key_lookup(record.id)
        case Asset():
            return table.asset(record.tenant_id, record.id)
        case AssetVersion():
            return table.asset_version(record.tenant_id, record.asset_id, record.id)
        case PlaybackLookup():
            return table.playback_lookup(record.playback_id)
        case Event():
            return event_key(record.tenant_id, record.id, record.asset_id, record.sequence)
        case WebhookEndpoint() | Delivery() | DeliveryAttempt() | EndpointHealth() | SendSlot():
            return _webhook_key(record)
        case Upload() | UploadProgress() | IntakePolicy() | Fingerprint() | IngestBatch():
            return _intake_key(record)
        case FeedHead() | FeedHour() | FeedEntry() | FeedWaiter():
            return _feed_key(record)
        case _:
            return _work_key(record)


def event_key(tenant_id: str, event_id: str, asset_id: str | None, sequence: int | None) -> Key:
    if asset_id is None or sequence is None:
        return table.tenant_event(tenant_id, event_id)
    return table.event(tenant_id, asset_id, sequence)


def _intake_key(record: Upload | UploadProgress | IntakePolicy | Fingerprint | IngestBatch) -> Key:
    match record:
        case Upload():
            return table.upload(record.tenant_id, record.id)
        case UploadProgress():
            return table.upload_progress(record.tenant_id, record.upload_id)
        case IntakePolicy():
            return table.intake_policy(record.tenant_id, record.id)
        case Fingerprint():
            return table.fingerprint(record.tenant_id, record.digest)
        case IngestBatch():
            return table.ingest_batch(record.tenant_id, record.id)


def _webhook_key(record: WebhookEndpoint | Delivery | DeliveryAttempt | EndpointHealth | SendSlot) -> Key:
    match record:
        case WebhookEndpoint():
            return table.webhook(record.tenant_id, record.id)
        case Delivery():
            return table.delivery(record.tenant_id, record.webhook_id, record.event_id)
        case DeliveryAttempt():
            return table.delivery_attempt(record.tenant_id, record.webhook_id, record.event_id, record.number)
        case EndpointHealth():
            return table.endpoint_health(record.tenant_id, record.webhook_id)
        case SendSlot():
            return table.send_slot(record.tenant_id, record.webhook_id, record.number)


def _feed_key(record: FeedHead | FeedHour | FeedEntry | FeedWaiter) -> Key:
    match record:
        case FeedHead():
            return table.feed_head(record.tenant_id)
        case FeedHour():
            return table.feed_hour(record.tenant_id, record.hour)
        case FeedEntry():
            return table.feed_entry(record.tenant_id, record.hour, record.number)
        case FeedWaiter():
            return table.feed_waiter(record.tenant_id, record.place)


def _work_key(record: Model) -> Key:
    match record:
        case EncodingProfile():
            return table.encoding_profile(record.tenant_id, record.id, record.revision)
        case CurrentProfile(profile=profile):
            return table.current_profile(profile.tenant_id, profile.id)
        case Job():
            return table.job(record.tenant_id, record.id)
        case AssetDelivery():
            return table.asset_delivery(record.tenant_id, record.asset_id, record.webhook_id, record.event_id)
        case AssetJob():
            return table.asset_job(record.tenant_id, record.asset_id, record.job_id)
        case JobProgress() | JobResult() | QualityChoice() | ChunkPlan() | ChunkPart():
            return _job_part_key(record)
        case IdempotencyRecord():
            return table.idempotency(record.tenant_id, record.route, record.key)
        case _:
            raise TypeError(f"{type(record).__name__} is not stored")


def _job_part_key(record: JobProgress | JobResult | QualityChoice | ChunkPlan | ChunkPart) -> Key:
    match record:
        case JobProgress():
            return table.job_progress(record.tenant_id, record.job_id)
        case JobResult():
            return table.job_result(record.tenant_id, record.job_id, record.attempt, record.unit)
        case QualityChoice():
            return table.job_quality(record.tenant_id, record.job_id)
        case ChunkPlan():
            return table.chunk_plan(record.tenant_id, record.job_id, record.id)
        case ChunkPart():
            return table.chunk_part(record.tenant_id, record.job_id, record.plan_id, record.name)


def due(record: Model) -> tuple[DueKind, datetime] | None:
    """Who has to act on this record, and from when; None while nobody has to."""
    match record:
        case Upload(state=UploadState.OPEN, source=UploadSource()):
            return DueKind.UPLOAD_CHECK, record.updated_at
        case Upload(state=UploadState.OPEN):
            return DueKind.UPLOAD_EXPIRY, record.deadline
        case Upload(state=UploadState.COMPLETING):
            return DueKind.UPLOAD_CHECK, record.updated_at
        case Job(state=JobState.QUEUED | JobState.RUNNING):
            return DueKind.JOB_CHECK, record.updated_at
        case Event(dispatched=False):
            return DueKind.DISPATCH, record.timestamp
        case Delivery(state=DeliveryState.PENDING | DeliveryState.RETRYING, next_attempt_at=datetime() as at):
            return DueKind.DELIVERY, at
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
        case Delivery() | AssetDelivery():
            return record.created_at + DELIVERY_LIFE
        case DeliveryAttempt():
            return record.sent_at + DELIVERY_LIFE
        case SendSlot():
            return record.free_at + SLOT_LIFE
        case EndpointHealth():
            return record.updated_at + DELIVERY_LIFE
        case FeedHour() | FeedEntry() | FeedWaiter():
            return record.kept_until
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
