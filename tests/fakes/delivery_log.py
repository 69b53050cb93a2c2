"""What was sent to an endpoint, read from the records in memory; passes the same contract suite as DynamoDB's."""

from collections.abc import Collection
from datetime import datetime

from sluice.adapters.delivery_log import EXAMINED
from sluice.adapters.items import dead_letter_position
from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.models import Delivery
from sluice.domain.redrives import RedrivePace
from sluice.domain.replays import Replay, ReplayPlace
from sluice.domain.states import DeliveryState
from sluice.table import DueKind, redrive_pace, replay
from tests.fakes.records import FakeRecords


class FakeDeliveryLog:
    def __init__(self, records: FakeRecords, examined: int = EXAMINED) -> None:
        self._records = records
        self._examined = examined

    def deliveries(
        self, tenant_id: str, webhook_id: str, *, state: DeliveryState | None, limit: int, before: str | None
    ) -> tuple[list[Delivery], str | None]:
        mine = [
            row
            for row in list(self._records.rows.values())
            if isinstance(row, Delivery) and (row.tenant_id, row.webhook_id) == (tenant_id, webhook_id)
        ]
        newest_first = sorted(mine, key=lambda delivery: delivery.event_id, reverse=True)
        rest = [delivery for delivery in newest_first if before is None or delivery.event_id < before]
        found: list[Delivery] = []
        for delivery in rest[: self._examined]:
            if state is None or delivery.state is state:
                found.append(delivery)
            if len(found) > limit:
                return found[:limit], found[limit - 1].event_id
        return found, rest[self._examined - 1].event_id if len(rest) > self._examined else None

    def deliveries_between(
        self, tenant_id: str, webhook_id: str, *, after: str, before: str, limit: int
    ) -> tuple[list[Delivery], str | None]:
        mine = [
            row
            for row in list(self._records.rows.values())
            if isinstance(row, Delivery) and (row.tenant_id, row.webhook_id) == (tenant_id, webhook_id)
        ]
        found = sorted((one for one in mine if after < one.event_id < before), key=lambda one: one.event_id)
        return found[:limit], found[limit - 1].event_id if len(found) > limit else None

    def replay(self, tenant_id: str, webhook_id: str, replay_id: str) -> Replay | None:
        return self._records._get(Replay, replay(tenant_id, webhook_id, replay_id))

    def redrive_pace(self, tenant_id: str) -> RedrivePace | None:
        return self._records._get(RedrivePace, redrive_pace(tenant_id))

    def replay_places(self, tenant_id: str) -> list[ReplayPlace]:
        rows = list(self._records.rows.values())
        return [row for row in rows if isinstance(row, ReplayPlace) and row.tenant_id == tenant_id]

    def due_replays(self, *, before: datetime, limit: int) -> list[Replay]:
        return self._records._due(Replay, DueKind.REPLAY, before, limit)

    def dead_deliveries(
        self, tenant_id: str, *, webhook_ids: Collection[str], limit: int, before: str | None
    ) -> tuple[list[Delivery], str | None]:
        dead = [
            row
            for row in list(self._records.rows.values())
            if isinstance(row, Delivery) and row.tenant_id == tenant_id and row.state is DeliveryState.DEAD
        ]
        newest_first = sorted(dead, key=dead_letter_position, reverse=True)
        rest = [delivery for delivery in newest_first if before is None or dead_letter_position(delivery) < before]
        found = [delivery for delivery in rest[: self._examined] if delivery.webhook_id in webhook_ids]
        if len(found) > limit:
            return found[:limit], dead_letter_position(found[limit - 1])
        return found, dead_letter_position(rest[self._examined - 1]) if len(rest) > self._examined else None

    def attempts(self, tenant_id: str, webhook_id: str, event_id: str) -> list[DeliveryAttempt]:
        wanted = (tenant_id, webhook_id, event_id)
        mine = [
            row
            for row in list(self._records.rows.values())
            if isinstance(row, DeliveryAttempt) and (row.tenant_id, row.webhook_id, row.event_id) == wanted
        ]
        return sorted(mine, key=lambda attempt: attempt.number)
