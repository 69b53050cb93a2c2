"""Ways to read rows of the table: one, a partition, a page, a batch, and what is due."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

from sluice import table
from sluice.adapters.items import due, from_item
from sluice.adapters.record_writes import TRIES, RecordWrites, pause, wire_key
from sluice.domain.errors import ProviderFailure
from sluice.domain.events import timestamp
from sluice.domain.models import Model
from sluice.table import DueKind, Key

logger = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)


class RowReads(RecordWrites):
    def _get(self, model: type[M], key: Key) -> M | None:
        answer = self._client.get_item(TableName=self._table, Key=wire_key(key), ConsistentRead=True)
        return from_item(model, answer["Item"]) if "Item" in answer else None

    def _partition(self, model: type[M], partition: str) -> list[M]:
        return [from_item(model, item) for item in self._items(partition)]

    def _items(self, partition: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{table.PK} = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def _newest(
        self, index: str | None, partition: str, limit: int, before: str | None
    ) -> tuple[list[str], str | None]:
        """Ids of a list, and the one that the next page begins after; `index` None: a list in the table itself."""
        pk, sk = (table.PK, table.SK) if index is None else (table.LIST_PK, table.LIST_SK)
        condition, values = f"{pk} = :list", {":list": {"S": partition}}
        if before is not None:
            condition += f" AND {sk} < :before"
            values[":before"] = {"S": before}
        source = {"ConsistentRead": True} if index is None else {"IndexName": index}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=limit + 1,
            **source,
        )
        ids = [item[sk]["S"] for item in answer["Items"]]
        return ids[:limit], ids[limit - 1] if len(ids) > limit else None

    def _batch(self, model: type[M], keys: list[Key]) -> list[M]:
        return [from_item(model, item) for item in self._batch_items(keys)]

    def _batch_items(self, keys: list[Key]) -> list[dict[str, Any]]:
        """At most 100 keys; missing rows are left out, throttled ones asked for again."""
        found: list[dict[str, Any]] = []
        wanted: dict[str, Any] = {self._table: {"Keys": [wire_key(key) for key in keys], "ConsistentRead": True}}
        for attempt in range(TRIES):
            if not wanted or not wanted[self._table]["Keys"]:
                return found
            if attempt:
                pause(attempt)
            answer = self._client.batch_get_item(RequestItems=wanted)
            found += answer["Responses"].get(self._table, [])
            wanted = answer.get("UnprocessedKeys", {})
        if wanted:
            raise ProviderFailure()
        return found

    def _due(self, model: type[M], kind: DueKind, before: datetime, limit: int) -> list[M]:
        """Oldest first over all shards; rows that changed since the index was written are left out."""
        found: list[dict[str, Any]] = []
        for partition in table.due_partitions(kind):
            answer = self._client.query(
                TableName=self._table,
                IndexName=table.DUE_INDEX,
                KeyConditionExpression=f"{table.DUE_PK} = :due AND {table.DUE_SK} < :before",
                ExpressionAttributeValues={":due": {"S": partition}, ":before": {"S": timestamp(before)}},
                Limit=limit,
            )
            found += answer["Items"]
        oldest = sorted(found, key=lambda item: str(item[table.DUE_SK]["S"]))[:limit]
        keys = [_key(item) for item in oldest]
        items = [item for start in range(0, len(keys), 100) for item in self._batch_items(keys[start : start + 100])]
        return [record for record in _readable(model, items) if _is_due(record, kind, before)]


def _readable(model: type[M], items: list[dict[str, Any]]) -> Iterator[M]:
    """A row that only another release can read, or that is damaged, must not keep all others waiting."""
    for item in items:
        try:
            yield from_item(model, item)
        except (ValueError, LookupError, TypeError):
            logger.exception("work_unreadable", extra=_key(item)._asdict())


def _is_due(record: Model, kind: DueKind, before: datetime) -> bool:
    work = due(record)
    return work is not None and work[0] is kind and work[1] < before


def _key(item: dict[str, Any]) -> Key:
    return Key(item[table.PK]["S"], item[table.SK]["S"])
