"""What the record store keeps of the feed: a part of `service.ports.Records`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluice.domain.events import Event
from sluice.domain.feed import FeedEntry, FeedHead, FeedHour, FeedWaiter


@dataclass(frozen=True)
class Dispatched:
    """Takes the event out of the work index; it must still be in there."""

    event: Event


class FeedRecords(Protocol):
    """Strongly consistent, but not over several rows: of one transaction, a query may see one row before another."""

    def undispatched_events(self, *, before: datetime, limit: int) -> list[Event]:
        """Events older than `before` that may have no deliveries and no place in the feed yet."""
        ...

    def undispatched(self, events: Sequence[Event]) -> list[Event]:
        """Those that are stored and not dispatched, each once, in their order; a hundred at most."""
        ...

    def feed_head(self, tenant_id: str) -> FeedHead | None: ...

    def feed_hours(self, tenant_id: str, *, since: str, limit: int) -> list[FeedHour]:
        """Hours with events, `since` included, oldest first."""
        ...

    def feed_entries(self, tenant_id: str, hour: str, *, after: int, limit: int) -> list[FeedEntry]:
        """Of one hour, with a higher number than `after`, in order."""
        ...

    def feed_entries_of(self, tenant_id: str, event_ids: Sequence[str]) -> list[FeedEntry]:
        """In any order; events that have no place in the feed are left out."""
        ...

    def feed_waiters(self, tenant_id: str) -> list[FeedWaiter]: ...
