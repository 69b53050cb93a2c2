"""What was sent to an endpoint, read from the records in memory; passes the same contract suite as DynamoDB's."""

from collections.abc import Collection

from sluice.adapters.delivery_log import EXAMINED
from sluice.adapters.items import dead_letter_position
from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
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
