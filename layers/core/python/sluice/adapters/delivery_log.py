"""What was sent to an endpoint, over DynamoDB: implements `service.webhook_ports.DeliveryLog`."""

from typing import Any

from sluice import table
from sluice.adapters.items import from_item
from sluice.domain.models import Delivery, DeliveryAttempt
from sluice.domain.states import DeliveryState

EXAMINED = 1_000  # rows that one call may read, however few of them match: bounds its cost and time
BATCH = 250  # rows in one query when a filter leaves some out


class DynamoDeliveryLog:
    def __init__(self, client: Any, table_name: str, examined: int = EXAMINED) -> None:
        self._client = client
        self._table = table_name
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

    def attempts(self, tenant_id: str, webhook_id: str, event_id: str) -> list[DeliveryAttempt]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{table.PK} = :pk",
            ExpressionAttributeValues={":pk": {"S": table.delivery_attempt(tenant_id, webhook_id, event_id, 1).pk}},
            ConsistentRead=True,
        )
        return [from_item(DeliveryAttempt, item) for page in pages for item in page["Items"]]
