"""Rows of one asset, newest first, over DynamoDB: implements `service.timeline_ports.Timeline`."""

from typing import Any

from sluice import table
from sluice.adapters.denial_rows import read_denial
from sluice.adapters.item_keys import key_of
from sluice.adapters.items import from_item
from sluice.adapters.row_reads import RowReads
from sluice.domain.audit import AuditRecord
from sluice.domain.deliveries import AssetDelivery
from sluice.domain.denials import Denial
from sluice.domain.events import Event
from sluice.domain.models import Delivery
from sluice.table import Key

BATCH = 100  # rows of one BatchGetItem


class DynamoTimeline(RowReads):
    def asset_events(self, tenant_id: str, asset_id: str, *, before: int | None, limit: int) -> list[Event]:
        first = table.event(tenant_id, asset_id, 0)
        last = "EVENT#~" if before is None else table.event(tenant_id, asset_id, before - 1).sk
        return [from_item(Event, item) for item in self._backwards(first, last, limit)]

    def asset_deliveries(
        self, tenant_id: str, asset_id: str, *, before: str | None, limit: int
    ) -> list[tuple[str, Delivery]]:
        partition = table.asset_delivery(tenant_id, asset_id, "", "").pk
        shown: list[tuple[str, Delivery]] = []
        while len(shown) < limit:
            items = self._below(partition, before, BATCH)
            if not items:
                break
            pointers = [from_item(AssetDelivery, item) for item in items]
            keys = [table.delivery(tenant_id, one.webhook_id, one.event_id) for one in pointers]
            found = {key_of(row): row for row in self._batch(Delivery, keys)}  # the clean-up takes either row first
            shown += [(key_of(one).sk, found[key]) for one, key in zip(pointers, keys, strict=True) if key in found]
            before = items[-1][table.SK]["S"]
        return shown[:limit]

    def asset_audit(self, tenant_id: str, asset_id: str, *, before: str | None, limit: int) -> list[AuditRecord]:
        partition = table.asset_audit(tenant_id, asset_id, "").pk
        return [from_item(AuditRecord, item) for item in self._below(partition, before, limit)]

    def asset_denials(
        self, tenant_id: str, asset_id: str, *, before: str | None, limit: int
    ) -> list[tuple[str, Denial]]:
        partition = table.asset_denial(tenant_id, asset_id, "", "").pk
        items = self._below(partition, before, limit)
        return [(item[table.SK]["S"], read_denial(tenant_id, asset_id, item)) for item in items]

    def _below(self, partition: str, before: str | None, limit: int) -> list[dict[str, Any]]:
        """`~` sorts behind every key of ours."""
        return self._newest_of(
            f"{table.PK} = :pk AND {table.SK} < :before", {":pk": partition, ":before": before or "~"}, limit
        )

    def _backwards(self, first: Key, last: str, limit: int) -> list[dict[str, Any]]:
        within = f"{table.PK} = :pk AND {table.SK} BETWEEN :first AND :last"
        return self._newest_of(within, {":pk": first.pk, ":first": first.sk, ":last": last}, limit)

    def _newest_of(self, condition: str, values: dict[str, str], limit: int) -> list[dict[str, Any]]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        items: list[dict[str, Any]] = answer["Items"]
        return items
