"""The record store over DynamoDB: implements `service.ports.Records`.

Failed assumptions become WriteConflict; collisions between transactions (TransactionConflict) are ours to repeat,
since the SDK does not, and say nothing about the assumptions.
"""

import random
import time
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sluice import table
from sluice.adapters.items import due, from_item, key_of, to_item
from sluice.domain.errors import ProviderFailure, WriteConflict
from sluice.domain.events import Event, timestamp
from sluice.domain.models import (
    ApiKey,
    Asset,
    AssetVersion,
    Delivery,
    DeliveryAttempt,
    IdempotencyRecord,
    Job,
    JobProgress,
    JobResult,
    Model,
    PlaybackLookup,
    Tenant,
    Upload,
    WebhookEndpoint,
)
from sluice.service.ports import Create, Remove, Replace, Write
from sluice.table import DueKind, Key

M = TypeVar("M", bound=Model)

COLLISION_TRIES = 6  # 20 ms doubling with full jitter: about a second in all


@cache
def dynamodb_client() -> Any:
    return boto3.client("dynamodb", config=Config(retries={"mode": "standard", "max_attempts": 4}))


class DynamoRecords:
    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    # writes

    def commit(self, *writes: Write) -> None:
        items = [self._write(write) for write in writes]
        for attempt in range(COLLISION_TRIES):
            try:
                self._client.transact_write_items(TransactItems=items)
                return
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" in reasons:
                    raise WriteConflict() from error
                if reasons - {"None", None} != {"TransactionConflict"}:
                    raise ProviderFailure() from error
            except self._client.exceptions.TransactionConflictException:
                pass
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, not a secret
        raise WriteConflict()

    def _write(self, write: Write) -> dict[str, Any]:
        match write:
            case Create(record):
                condition: dict[str, Any] = {"ConditionExpression": f"attribute_not_exists({table.PK})"}
                return {"Put": {"TableName": self._table, "Item": to_item(record), **condition}}
            case Replace(record):
                return {"Put": {"TableName": self._table, "Item": to_item(record), **_at(record.version - 1)}}
            case Remove(record):
                return {"Delete": {"TableName": self._table, "Key": _wire(key_of(record)), **_at(record.version)}}

    def _put(self, record: Model) -> None:
        self._client.put_item(TableName=self._table, Item=to_item(record))

    def save_progress(self, progress: JobProgress) -> None:
        self._put(progress)

    def save_result(self, result: JobResult) -> None:
        self._put(result)

    def save_attempt(self, attempt: DeliveryAttempt) -> None:
        self._put(attempt)

    def mark_dispatched(self, event: Event) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_wire(key_of(event)),
                UpdateExpression=f"SET #record.dispatched = :true REMOVE {table.DUE_PK}, {table.DUE_SK}",
                ConditionExpression=f"attribute_exists({table.PK})",
                ExpressionAttributeNames={"#record": "record"},
                ExpressionAttributeValues={":true": {"BOOL": True}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    # reads

    def _get(self, model: type[M], key: Key) -> M | None:
        answer = self._client.get_item(TableName=self._table, Key=_wire(key), ConsistentRead=True)
        return from_item(model, answer["Item"]) if "Item" in answer else None

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._get(Tenant, table.tenant(tenant_id))

    def upload(self, tenant_id: str, upload_id: str) -> Upload | None:
        return self._get(Upload, table.upload(tenant_id, upload_id))

    def asset(self, tenant_id: str, asset_id: str) -> Asset | None:
        return self._get(Asset, table.asset(tenant_id, asset_id))

    def asset_version(self, tenant_id: str, asset_id: str, version_id: str) -> AssetVersion | None:
        return self._get(AssetVersion, table.asset_version(tenant_id, asset_id, version_id))

    def job(self, tenant_id: str, job_id: str) -> Job | None:
        return self._get(Job, table.job(tenant_id, job_id))

    def job_progress(self, tenant_id: str, job_id: str) -> JobProgress | None:
        return self._get(JobProgress, table.job_progress(tenant_id, job_id))

    def job_result(self, tenant_id: str, job_id: str, attempt: int) -> JobResult | None:
        return self._get(JobResult, table.job_result(tenant_id, job_id, attempt))

    def event(self, tenant_id: str, asset_id: str, sequence: int) -> Event | None:
        return self._get(Event, table.event(tenant_id, asset_id, sequence))

    def webhook(self, tenant_id: str, webhook_id: str) -> WebhookEndpoint | None:
        return self._get(WebhookEndpoint, table.webhook(tenant_id, webhook_id))

    def delivery(self, tenant_id: str, webhook_id: str, event_id: str) -> Delivery | None:
        return self._get(Delivery, table.delivery(tenant_id, webhook_id, event_id))

    def idempotency(self, tenant_id: str, route: str, key: str) -> IdempotencyRecord | None:
        return self._get(IdempotencyRecord, table.idempotency(tenant_id, route, key))

    def api_key(self, key_id: str) -> ApiKey | None:
        return self._get(ApiKey, table.api_key_lookup(key_id))

    def playback(self, playback_id: str) -> PlaybackLookup | None:
        return self._get(PlaybackLookup, table.playback_lookup(playback_id))

    def webhooks(self, tenant_id: str) -> list[WebhookEndpoint]:
        partition = table.webhook(tenant_id, "").pk
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{table.PK} = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )
        return [from_item(WebhookEndpoint, item) for page in pages for item in page["Items"]]

    def list_assets(self, tenant_id: str, *, limit: int, before: str | None) -> tuple[list[Asset], str | None]:
        condition, values = f"{table.LIST_PK} = :list", {":list": {"S": table.asset_list(tenant_id)}}
        if before is not None:
            condition += f" AND {table.LIST_SK} < :before"
            values[":before"] = {"S": before}
        answer = self._client.query(
            TableName=self._table,
            IndexName=table.LIST_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=limit + 1,
        )
        pointers = answer["Items"]
        assets = self._batch(Asset, [_key(item) for item in pointers[:limit]])
        newest_first = sorted(assets, key=lambda asset: asset.id, reverse=True)
        more = len(pointers) > limit
        return newest_first, pointers[limit - 1][table.LIST_SK]["S"] if more else None

    def _batch(self, model: type[M], keys: list[Key]) -> list[M]:
        """At most 100 keys; missing rows are left out, throttled ones asked for again."""
        found: list[M] = []
        wanted: dict[str, Any] = {self._table: {"Keys": [_wire(key) for key in keys], "ConsistentRead": True}}
        for attempt in range(COLLISION_TRIES):
            if not wanted or not wanted[self._table]["Keys"]:
                return found
            if attempt:
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, not a secret
            answer = self._client.batch_get_item(RequestItems=wanted)
            found += [from_item(model, item) for item in answer["Responses"].get(self._table, [])]
            wanted = answer.get("UnprocessedKeys", {})
        if wanted:
            raise ProviderFailure()
        return found

    # work lists

    def _due(self, model: type[M], kind: DueKind, before: datetime, limit: int) -> list[M]:
        """Oldest work of each shard first; rows that changed since the index was written are left out."""
        keys: list[Key] = []
        for partition in table.due_partitions(kind):
            answer = self._client.query(
                TableName=self._table,
                IndexName=table.DUE_INDEX,
                KeyConditionExpression=f"{table.DUE_PK} = :due AND {table.DUE_SK} < :before",
                ExpressionAttributeValues={":due": {"S": partition}, ":before": {"S": timestamp(before)}},
                Limit=limit,
            )
            keys += [_key(item) for item in answer["Items"]]
        records = [
            record for start in range(0, len(keys), 100) for record in self._batch(model, keys[start : start + 100])
        ]
        return [record for record in records if _is_due(record, kind, before)][:limit]

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


def _is_due(record: Model, kind: DueKind, before: datetime) -> bool:
    work = due(record)
    return work is not None and work[0] is kind and work[1] < before


def _at(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": table.VERSION},
        "ExpressionAttributeValues": {":expected": {"N": str(version)}},
    }


def _wire(key: Key) -> dict[str, Any]:
    return {table.PK: {"S": key.pk}, table.SK: {"S": key.sk}}


def _key(item: dict[str, Any]) -> Key:
    return Key(item[table.PK]["S"], item[table.SK]["S"])
