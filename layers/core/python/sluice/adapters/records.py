"""The record store over DynamoDB: implements `service.ports.Records` by row_reads and record_writes."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from sluice import table
from sluice.adapters.feed_rows import FeedRows
from sluice.adapters.item_keys import event_key
from sluice.adapters.items import from_item
from sluice.adapters.lease_rows import LeaseRows
from sluice.adapters.record_writes import wire_key
from sluice.adapters.thumbnail_rows import ThumbnailRows
from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.encoding import CurrentProfile, EncodingProfile
from sluice.domain.endpoint_health import EndpointHealth, Gate, SendSlot
from sluice.domain.events import Event
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
from sluice.domain.upload import Fingerprint, Upload, UploadProgress, Usage
from sluice.table import DueKind

M = TypeVar("M", bound=Model)


@cache
def dynamodb_client() -> Any:
    return boto3.client("dynamodb", config=Config(retries={"mode": "standard", "max_attempts": 4}))


class DynamoRecords(FeedRows, LeaseRows, ThumbnailRows):
    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._get(Tenant, table.tenant(tenant_id))

    def upload(self, tenant_id: str, upload_id: str) -> Upload | None:
        return self._get(Upload, table.upload(tenant_id, upload_id))

    def upload_progress(self, tenant_id: str, upload_id: str) -> UploadProgress | None:
        return self._get(UploadProgress, table.upload_progress(tenant_id, upload_id))

    def ingest_batch(self, tenant_id: str, batch_id: str) -> IngestBatch | None:
        return self._get(IngestBatch, table.ingest_batch(tenant_id, batch_id))

    def intake_policy(self, tenant_id: str, policy_id: str) -> IntakePolicy | None:
        return self._get(IntakePolicy, table.intake_policy(tenant_id, policy_id))

    def intake_policies(self, tenant_id: str) -> list[IntakePolicy]:
        return self._partition(IntakePolicy, table.intake_policy(tenant_id, "").pk)

    def encoding_profile(self, tenant_id: str, profile_id: str, revision: int | None) -> EncodingProfile | None:
        if revision is not None:
            return self._get(EncodingProfile, table.encoding_profile(tenant_id, profile_id, revision))
        newest = self._client.query(
            TableName=self._table,
            KeyConditionExpression=f"{table.PK} = :pk",
            ExpressionAttributeValues={":pk": {"S": table.encoding_profile(tenant_id, profile_id, 0).pk}},
            ScanIndexForward=False,
            Limit=1,
            ConsistentRead=True,
        )
        return next((from_item(EncodingProfile, item) for item in newest["Items"]), None)

    def current_profile(self, tenant_id: str, profile_id: str) -> CurrentProfile | None:
        return self._get(CurrentProfile, table.current_profile(tenant_id, profile_id))

    def current_profiles(self, tenant_id: str) -> list[EncodingProfile]:
        found = self._partition(CurrentProfile, table.current_profile(tenant_id, "").pk)
        return [current.profile for current in found]

    def usage(self, tenant_id: str, creator_id: str | None) -> Usage:
        key = table.usage(tenant_id, creator_id)
        row = self._client.get_item(TableName=self._table, Key=wire_key(key), ConsistentRead=True).get("Item", {})
        counted = {name: int(row[name]["N"]) for name in ("open_uploads", "open_bytes", "open_fetches") if name in row}
        return Usage(tenant_id=tenant_id, creator_id=creator_id, **counted)

    def fingerprint(self, tenant_id: str, digest: str) -> Fingerprint | None:
        return self._get(Fingerprint, table.fingerprint(tenant_id, digest))

    def asset(self, tenant_id: str, asset_id: str) -> Asset | None:
        return self._get(Asset, table.asset(tenant_id, asset_id))

    def asset_version(self, tenant_id: str, asset_id: str, version_id: str) -> AssetVersion | None:
        return self._get(AssetVersion, table.asset_version(tenant_id, asset_id, version_id))

    def job(self, tenant_id: str, job_id: str) -> Job | None:
        return self._get(Job, table.job(tenant_id, job_id))

    def job_progress(self, tenant_id: str, job_id: str) -> JobProgress | None:
        return self._get(JobProgress, table.job_progress(tenant_id, job_id))

    def job_quality(self, tenant_id: str, job_id: str) -> QualityChoice | None:
        return self._get(QualityChoice, table.job_quality(tenant_id, job_id))

    def job_result(self, tenant_id: str, job_id: str, attempt: int, unit: str = "") -> JobResult | None:
        return self._get(JobResult, table.job_result(tenant_id, job_id, attempt, unit))

    def chunk_plan(self, tenant_id: str, job_id: str, plan_id: str) -> ChunkPlan | None:
        return self._get(ChunkPlan, table.chunk_plan(tenant_id, job_id, plan_id))

    def chunk_parts(self, tenant_id: str, job_id: str, plan_id: str) -> list[ChunkPart]:
        return self._partition(ChunkPart, table.chunk_part(tenant_id, job_id, plan_id, "").pk)

    def event(self, tenant_id: str, asset_id: str, sequence: int) -> Event | None:
        return self._get(Event, table.event(tenant_id, asset_id, sequence))

    def event_of(self, delivery: Delivery) -> Event | None:
        place = event_key(delivery.tenant_id, delivery.event_id, delivery.asset_id, delivery.sequence)
        return self._get(Event, place)

    def webhook(self, tenant_id: str, webhook_id: str) -> WebhookEndpoint | None:
        return self._get(WebhookEndpoint, table.webhook(tenant_id, webhook_id))

    def delivery(self, tenant_id: str, webhook_id: str, event_id: str) -> Delivery | None:
        return self._get(Delivery, table.delivery(tenant_id, webhook_id, event_id))

    def deliveries_of(self, tenant_id: str, webhook_id: str, event_ids: Sequence[str]) -> list[Delivery]:
        keys = [table.delivery(tenant_id, webhook_id, event_id) for event_id in event_ids]
        return [one for first in range(0, len(keys), 100) for one in self._batch(Delivery, keys[first : first + 100])]

    def idempotency(self, tenant_id: str, route: str, key: str) -> IdempotencyRecord | None:
        return self._get(IdempotencyRecord, table.idempotency(tenant_id, route, key))

    def api_key(self, key_id: str) -> ApiKey | None:
        return self._get(ApiKey, table.api_key_lookup(key_id))

    def playback(self, playback_id: str) -> PlaybackLookup | None:
        return self._get(PlaybackLookup, table.playback_lookup(playback_id))

    def webhooks(self, tenant_id: str) -> list[WebhookEndpoint]:
        return self._partition(WebhookEndpoint, table.webhook(tenant_id, "").pk)

    def gate(self, tenant_id: str, webhook_id: str) -> Gate:
        door = table.endpoint_health(tenant_id, webhook_id)
        items = self._items(door.pk)
        health = [from_item(EndpointHealth, item) for item in items if item[table.SK]["S"] == door.sk]
        slots = [from_item(SendSlot, item) for item in items if item[table.SK]["S"] != door.sk]
        return Gate(health[0] if health else None, tuple(slots))

    def list_assets(self, tenant_id: str, *, limit: int, before: str | None) -> tuple[list[Asset], str | None]:
        ids, following = self._newest(table.LIST_INDEX, table.asset_list(tenant_id), limit, before)
        assets = self._batch(Asset, [table.asset(tenant_id, asset_id) for asset_id in ids])
        return sorted(assets, key=lambda asset: asset.id, reverse=True), following

    def list_jobs(
        self, tenant_id: str, *, asset_id: str | None, limit: int, before: str | None
    ) -> tuple[list[Job], str | None]:
        if asset_id is None:
            ids, following = self._newest(table.LIST_INDEX, table.job_list(tenant_id), limit, before)
        else:
            ids, following = self._newest(None, table.asset_job(tenant_id, asset_id, "").pk, limit, before)
        jobs = self._batch(Job, [table.job(tenant_id, job_id) for job_id in ids])
        return sorted(jobs, key=lambda job: job.id, reverse=True), following

    def progress_of(self, tenant_id: str, job_ids: Sequence[str]) -> dict[str, JobProgress]:
        found = self._batch(JobProgress, [table.job_progress(tenant_id, job_id) for job_id in job_ids])
        return {progress.job_id: progress for progress in found}

    # work lists

    def expired_uploads(self, *, before: datetime, limit: int) -> list[Upload]:
        return self._due(Upload, DueKind.UPLOAD_EXPIRY, before, limit)

    def unsettled_uploads(self, *, before: datetime, limit: int) -> list[Upload]:
        return self._due(Upload, DueKind.UPLOAD_CHECK, before, limit)

    def unfinished_jobs(self, *, before: datetime, limit: int) -> list[Job]:
        return self._due(Job, DueKind.JOB_CHECK, before, limit)

    def undispatched_events(self, *, before: datetime, limit: int) -> list[Event]:
        return self._due(Event, DueKind.DISPATCH, before, limit)

    def due_deliveries(self, *, before: datetime, limit: int) -> list[Delivery]:
        return self._due(Delivery, DueKind.DELIVERY, before, limit)

    def retired_secrets(self, *, before: datetime, limit: int) -> list[WebhookEndpoint]:
        return self._due(WebhookEndpoint, DueKind.ROTATION, before, limit)
