"""Dead letters that their owner sends again by a filter: which, and how fast."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sluice.domain.event_patterns import matches_any
from sluice.domain.ids import Prefix, first_id
from sluice.domain.models import Delivery, Model

EACH = timedelta(seconds=0.6)  # a hundred a minute: endpoints that have just recovered are not flooded
AHEAD = timedelta(minutes=13)  # that may be queued; with the minute of one more call, within SQS's 15


class DeadFilter(NamedTuple):
    webhook_id: str | None  # None: of all that are switched on
    types: tuple[str, ...]  # globs, as of an endpoint
    since: datetime | None  # of the events' own times; `until` exclusive
    until: datetime | None

    def told(self) -> dict[str, str]:
        """What a cursor is bound to."""
        bounds = {"since": self.since, "until": self.until}
        times = {name: moment.astimezone(UTC).isoformat() for name, moment in bounds.items() if moment}
        return {"webhook_id": self.webhook_id or "", "types": " ".join(self.types), **times}

    def takes(self, delivery: Delivery) -> bool:
        if self.since and delivery.event_id < first_id(Prefix.EVENT, self.since):
            return False
        if self.until and delivery.event_id >= first_id(Prefix.EVENT, self.until):
            return False
        return matches_any(delivery.event_type, self.types)


class RedrivePace(Model):
    """Up to when what a tenant has sent again takes, of all its calls."""

    tenant_id: str
    free_at: datetime
    version: int = 1


def after(pace: RedrivePace | None, tenant_id: str, now: datetime, count: int) -> RedrivePace:
    """`count` more behind those of earlier calls."""
    free_at = max(now, pace.free_at if pace else now) + count * EACH
    return RedrivePace(tenant_id=tenant_id, free_at=free_at, version=pace.version + 1 if pace else 1)
