"""Rows of the feed over DynamoDB: implements `service.feed_ports.FeedRecords` but its work list."""

from collections.abc import Sequence
from typing import TypeVar

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.adapters.items import from_item
from sluice.adapters.row_reads import RowReads
from sluice.domain.events import Event
from sluice.domain.feed import FeedEntry, FeedHead, FeedHour, FeedPlace, FeedWaiter
from sluice.domain.models import Model
from sluice.table import Key

M = TypeVar("M", bound=Model)


class FeedRows(RowReads):
    def undispatched(self, events: Sequence[Event]) -> list[Event]:
        keys = {key_of(event): event for event in events}
        stored = {key_of(event) for event in self._batch(Event, list(keys)) if not event.dispatched}
        return [event for key, event in keys.items() if key in stored]

    def feed_head(self, tenant_id: str) -> FeedHead | None:
        return self._get(FeedHead, table.feed_head(tenant_id))

    def feed_hours(self, tenant_id: str, *, since: str, limit: int) -> list[FeedHour]:
        return self._between(FeedHour, table.feed_hour(tenant_id, since), table.feed_hour(tenant_id, "~").sk, limit)

    def feed_entries(self, tenant_id: str, hour: str, *, after: int, limit: int) -> list[FeedEntry]:
        return self._between(FeedEntry, table.feed_entry(tenant_id, hour, after + 1), "~", limit)

    def feed_entries_of(self, tenant_id: str, event_ids: Sequence[str]) -> list[FeedEntry]:
        """Two batches a hundred."""
        found: list[FeedEntry] = []
        for first in range(0, len(event_ids), 100):
            keys = [table.feed_place(tenant_id, event_id) for event_id in event_ids[first : first + 100]]
            places = self._batch(FeedPlace, keys)
            found += self._batch(FeedEntry, [table.feed_entry(tenant_id, one.hour, one.number) for one in places])
        return found

    def feed_waiters(self, tenant_id: str) -> list[FeedWaiter]:
        return self._partition(FeedWaiter, table.feed_waiter(tenant_id, 0).pk)

    def _between(self, model: type[M], first: Key, last: str, limit: int) -> list[M]:
        """`~` sorts behind every key of ours. One page: at most 1 MB, which may be fewer rows than `limit`."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression=f"{table.PK} = :pk AND {table.SK} BETWEEN :first AND :last",
            ExpressionAttributeValues={":pk": {"S": first.pk}, ":first": {"S": first.sk}, ":last": {"S": last}},
            ConsistentRead=True,
            Limit=limit,
        )
        return [from_item(model, item) for item in answer["Items"]]
