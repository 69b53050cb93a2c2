"""The feed's rows in memory; passes the same contract suite as DynamoDB's."""

from collections.abc import Sequence
from typing import TypeVar

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.domain.events import Event
from sluice.domain.feed import FeedEntry, FeedHead, FeedHour, FeedPlace, FeedWaiter
from sluice.domain.models import Model
from sluice.table import Key

F = TypeVar("F", FeedHour, FeedEntry, FeedPlace, FeedWaiter)


class FakeFeed:
    rows: dict[Key, Model]

    def undispatched(self, events: Sequence[Event]) -> list[Event]:
        assert len(events) <= 100
        keys = {key_of(event): event for event in events}
        stored = {key: self.rows.get(key) for key in keys}
        return [keys[key] for key, row in stored.items() if isinstance(row, Event) and not row.dispatched]

    def feed_head(self, tenant_id: str) -> FeedHead | None:
        head = self.rows.get(table.feed_head(tenant_id))
        assert head is None or isinstance(head, FeedHead)
        return head

    def feed_hours(self, tenant_id: str, *, since: str, limit: int) -> list[FeedHour]:
        mine = [row for row in self._of(FeedHour, tenant_id) if row.hour >= since]
        return sorted(mine, key=lambda row: row.hour)[:limit]

    def feed_entries(self, tenant_id: str, hour: str, *, after: int, limit: int) -> list[FeedEntry]:
        mine = [row for row in self._of(FeedEntry, tenant_id) if row.hour == hour and row.number > after]
        return sorted(mine, key=lambda row: row.number)[:limit]

    def feed_entries_of(self, tenant_id: str, event_ids: Sequence[str]) -> list[FeedEntry]:
        numbers = {row.number for row in self._of(FeedPlace, tenant_id) if row.event_id in event_ids}
        return [row for row in self._of(FeedEntry, tenant_id) if row.number in numbers]

    def feed_waiters(self, tenant_id: str) -> list[FeedWaiter]:
        return sorted(self._of(FeedWaiter, tenant_id), key=lambda row: row.place)

    def _of(self, model: type[F], tenant_id: str) -> list[F]:
        return [row for row in list(self.rows.values()) if isinstance(row, model) and row.tenant_id == tenant_id]
