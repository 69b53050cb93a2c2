"""What was sent to an endpoint, over DynamoDB: implements `service.webhook_ports.DeliveryLog`."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.adapters.items import from_item
from sluice.adapters.records import DynamoRecords
from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.models import Delivery
from sluice.domain.redrives import RedrivePace
from sluice.domain.replays import Replay, ReplayPlace
from sluice.domain.states import DeliveryState
from sluice.table import DueKind

EXAMINED = 1_000  # rows that one call may read, however few of them match: bounds its cost and time
BATCH = 250  # rows in one query when a filter leaves some out


class DynamoDeliveryLog(DynamoRecords):
    def __init__(self, client: Any, table_name: str, examined: int = EXAMINED) -> None:
        super().__init__(client, table_name)
        self._examined = examined

    def deliveries(
        self, tenant_id: str, webhook_id: str, *, state: DeliveryState | None, limit: int, before: str | None
    ) -> tuple[list[Delivery], str | None]:
        found: list[Delivery] = []
        left, position = self._examined, before
        while left > 0 and len(found) <= limit:
            rows = min(left, limit + 1 if state is None else BATCH)
            answer = self._query(tenant_id, webhook_id, state, rows, position)
            found += [from_item(Delivery, item) for item in answer["Items"]]
            left -= answer["ScannedCount"]
            last = answer.get("LastEvaluatedKey")
            position = last and last[table.SK]["S"].removeprefix(table.delivery("", "", "").sk)
            if position is None:
                break
        return (found[:limit], found[limit - 1].event_id) if len(found) > limit else (found, position)

    def _query(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, rows: int, before: str | None
    ) -> dict[str, Any]:
        key = table.delivery(tenant_id, webhook_id, before or "")
        condition, values = f"{table.PK} = :pk", {":pk": {"S": key.pk}}
        if before is not None:
            condition += f" AND {table.SK} < :before"
            values[":before"] = {"S": key.sk}
        wanted: dict[str, Any] = {}
        if state is not None:
            values[":state"] = {"S": state}
            names = {"#record": "record", "#state": "state"}
            wanted = {"FilterExpression": "#record.#state = :state", "ExpressionAttributeNames": names}
        answer: dict[str, Any] = self._client.query(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=rows,
            **wanted,
        )
        return answer

    def deliveries_between(
        self, tenant_id: str, webhook_id: str, *, after: str, before: str, limit: int
    ) -> tuple[list[Delivery], str | None]:
        low, high = (table.delivery(tenant_id, webhook_id, bound) for bound in (after, before))
        found: list[Delivery] = []
        start: dict[str, Any] = {}
        while True:  # a page of DynamoDB's ends at 1 MB
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression=f"{table.PK} = :pk AND {table.SK} BETWEEN :low AND :high",
                ExpressionAttributeValues={":pk": {"S": low.pk}, ":low": {"S": low.sk}, ":high": {"S": high.sk}},
                ConsistentRead=True,
                Limit=limit + 3,  # both bounds, and one that tells that there are more
                **start,
            )
            rows = [from_item(Delivery, item) for item in answer["Items"]]
            found += [delivery for delivery in rows if after < delivery.event_id < before]
            if len(found) > limit:
                return found[:limit], found[limit - 1].event_id
            if "LastEvaluatedKey" not in answer:
                return found, None
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def replay(self, tenant_id: str, webhook_id: str, replay_id: str) -> Replay | None:
        return self._get(Replay, table.replay(tenant_id, webhook_id, replay_id))

    def redrive_pace(self, tenant_id: str) -> RedrivePace | None:
        return self._get(RedrivePace, table.redrive_pace(tenant_id))

    def replay_places(self, tenant_id: str) -> list[ReplayPlace]:
        return self._partition(ReplayPlace, table.replay_place(tenant_id, 0).pk)

    def due_replays(self, *, before: datetime, limit: int) -> list[Replay]:
        return self._due(Replay, DueKind.REPLAY, before, limit)

    def attempts(self, tenant_id: str, webhook_id: str, event_id: str) -> list[DeliveryAttempt]:
        return self._partition(DeliveryAttempt, table.delivery_attempt(tenant_id, webhook_id, event_id, 1).pk)

    def dead_deliveries(
        self, tenant_id: str, *, webhook_ids: Collection[str], limit: int, before: str | None
    ) -> tuple[list[Delivery], str | None]:
        pointers: list[dict[str, Any]] = []
        left, position = self._examined, before
        while left > 0 and len(pointers) <= limit:
            answer = self._query_dead(tenant_id, min(left, BATCH), position)
            pointers += [item for item in answer["Items"] if dead_letter(item[table.LIST_SK]["S"])[0] in webhook_ids]
            left -= answer["ScannedCount"]
            last = answer.get("LastEvaluatedKey")
            position = last and last[table.LIST_SK]["S"]
            if position is None:
                break
        if len(pointers) > limit:
            pointers, position = pointers[:limit], pointers[limit - 1][table.LIST_SK]["S"]
        return self._still_dead(tenant_id, pointers), position

    def _query_dead(self, tenant_id: str, rows: int, before: str | None) -> dict[str, Any]:
        condition, values = f"{table.LIST_PK} = :list", {":list": {"S": table.dead_letter_list(tenant_id)}}
        if before is not None:
            condition += f" AND {table.LIST_SK} < :before"
            values[":before"] = {"S": before}
        answer: dict[str, Any] = self._client.query(
            TableName=self._table,
            IndexName=table.LIST_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=rows,
        )
        return answer

    def _still_dead(self, tenant_id: str, pointers: list[dict[str, Any]]) -> list[Delivery]:
        """The index lags behind a redrive."""
        keys = [table.delivery(tenant_id, *dead_letter(item[table.LIST_SK]["S"])) for item in pointers]
        found = {key_of(delivery): delivery for delivery in self._batch(Delivery, keys)}
        rows = [found[key] for key in keys if key in found]  # a batch comes back in any order
        return [delivery for delivery in rows if delivery.state is DeliveryState.DEAD]


def dead_letter(position: str) -> tuple[str, str]:
    """Endpoint and event of a place in the list of dead letters."""
    _, webhook_id, event_id = position.split("#")
    return webhook_id, event_id
