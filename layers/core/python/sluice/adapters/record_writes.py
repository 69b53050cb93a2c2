"""Writes of the record store: transactions whose assumptions hold, and notes that are overwritten freely.

Failed assumptions become WriteConflict; collisions between transactions (TransactionConflict) are ours to repeat,
since the SDK does not, and say nothing about the assumptions.
"""

import random
import time
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.adapters.items import due_position, to_item
from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.errors import ProviderFailure, WriteConflict
from sluice.domain.events import Event
from sluice.domain.models import Job, JobProgress, JobResult, Model
from sluice.domain.quality import QualityChoice
from sluice.domain.thumbnails import Thumbnail
from sluice.domain.upload import Upload, UploadProgress
from sluice.domain.upload_errors import QuotaExceeded
from sluice.service.feed_ports import Dispatched
from sluice.service.lease_ports import Release
from sluice.service.ports import Count, Create, Remove, Replace, Write
from sluice.table import Key

FAILED = "ConditionalCheckFailed"
TRIES = 6  # 20 ms doubling with full jitter: about a second in all


def pause(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, not a secret


class RecordWrites:
    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def commit(self, *writes: Write) -> None:
        items = [self._write(write) for write in writes]
        for attempt in range(TRIES):
            try:
                self._client.transact_write_items(TransactItems=items)
                return
            except self._client.exceptions.TransactionCanceledException as error:
                codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                failed = [write for write, code in zip(writes, codes, strict=False) if code == FAILED]
                if failed:
                    only_counts = all(isinstance(write, Count) for write in failed)
                    raise (QuotaExceeded() if only_counts else WriteConflict()) from error
                reasons = set(codes)
                if reasons - {"None", None} != {"TransactionConflict"}:
                    raise ProviderFailure() from error
            except self._client.exceptions.TransactionConflictException:
                pass
            pause(attempt)
        raise WriteConflict()

    def _write(self, write: Write) -> dict[str, Any]:
        match write:
            case Create(record):
                condition: dict[str, Any] = {"ConditionExpression": f"attribute_not_exists({table.PK})"}
                return {"Put": {"TableName": self._table, "Item": to_item(record), **condition}}
            case Replace(record, steps):
                return {"Put": {"TableName": self._table, "Item": to_item(record), **_at(record.version - steps)}}
            case Count():
                return {"Update": self._count(write)}
            case Dispatched(event):
                return {"Update": self._dispatched(event)}
            case Release(job_id):
                return {"Delete": {"TableName": self._table, "Key": wire_key(table.lease(job_id))}}
            case Remove(record):
                return {"Delete": {"TableName": self._table, "Key": wire_key(key_of(record)), **_at(record.version)}}

    def _count(self, write: Count) -> dict[str, Any]:
        """An update in place: uploads of one tenant must not compete for a version of this row."""
        limits = [
            (f"attribute_not_exists({name}) OR {name} <= :most_{name}", f":most_{name}", most - added)
            for name, added, most in (
                ("open_uploads", write.uploads, write.max_uploads),
                ("open_bytes", write.size_bytes, write.max_bytes),
                ("open_fetches", write.fetches, write.max_fetches),
            )
            if most is not None
        ]
        if any(most < 0 for _, _, most in limits):
            raise QuotaExceeded()  # by itself above the limit, however little else is open
        condition = {"ConditionExpression": " AND ".join(f"({limit})" for limit, _, _ in limits)} if limits else {}
        added = {":uploads": write.uploads, ":bytes": write.size_bytes, ":fetches": write.fetches}
        values = added | {name: most for _, name, most in limits}
        return {
            "TableName": self._table,
            "Key": wire_key(table.usage(write.tenant_id, write.creator_id)),
            "UpdateExpression": "ADD open_uploads :uploads, open_bytes :bytes, open_fetches :fetches",
            "ExpressionAttributeValues": {name: {"N": str(value)} for name, value in values.items()},
            **condition,
        }

    def _dispatched(self, event: Event) -> dict[str, Any]:
        """Out of the work index in the same write. Not dispatched is the default, so it is not stored."""
        return {
            "TableName": self._table,
            "Key": wire_key(key_of(event)),
            "UpdateExpression": f"SET #record.dispatched = :true REMOVE {table.DUE_PK}, {table.DUE_SK}",
            "ConditionExpression": f"attribute_exists({table.PK}) AND attribute_not_exists(#record.dispatched)",
            "ExpressionAttributeNames": {"#record": "record"},
            "ExpressionAttributeValues": {":true": {"BOOL": True}},
        }

    def _put(self, record: Model) -> None:
        """Raises ProviderFailure."""
        try:
            self._client.put_item(TableName=self._table, Item=to_item(record))
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure() from error

    def save_progress(self, progress: JobProgress | UploadProgress) -> None:
        self._put(progress)

    def save_result(self, result: JobResult) -> None:
        self._put(result)

    def save_quality(self, choice: QualityChoice) -> None:
        self._put(choice)

    def save_attempt(self, attempt: DeliveryAttempt) -> None:
        self._put(attempt)

    def postpone(self, record: Upload | Job | Event | Thumbnail, until: datetime) -> None:
        key = key_of(record)
        self._update(
            key,
            UpdateExpression=f"SET {table.DUE_SK} = :until",
            ConditionExpression=f"attribute_exists({table.DUE_SK})",
            ExpressionAttributeValues={":until": {"S": due_position(until, key)}},
        )

    def _update(self, key: Key, **expressions: Any) -> None:
        """Does nothing when the condition does not hold."""
        try:
            self._client.update_item(TableName=self._table, Key=wire_key(key), **expressions)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def _at(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": table.VERSION},
        "ExpressionAttributeValues": {":expected": {"N": str(version)}},
    }


def wire_key(key: Key) -> dict[str, Any]:
    return {table.PK: {"S": key.pk}, table.SK: {"S": key.sk}}
