"""Refused viewers over DynamoDB: implements `service.denials.DenialRows`, and reads the rows back for a timeline."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from sluice import table
from sluice.adapters.record_writes import wire_key
from sluice.adapters.row_reads import RowReads
from sluice.domain.denials import Denial
from sluice.domain.events import timestamp
from sluice.domain.models import PlaybackLookup

DENIAL_LIFE = timedelta(days=30)
_MINUTE = "%Y-%m-%dT%H:%M"


@cache
def impatient_client() -> Any:
    """A viewer waits, and a denial that is lost is none of its troubles: half a second, and no second try."""
    patience = Config(connect_timeout=0.5, read_timeout=0.5, retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("dynamodb", config=patience)


class DynamoDenials(RowReads):
    def playback(self, playback_id: str) -> PlaybackLookup | None:
        return self._get(PlaybackLookup, table.playback_lookup(playback_id))

    def add(self, denial: Denial) -> None:
        """An update in place, since processes add to the same row. It assumes nothing: the first makes the row."""
        values = {
            ":one": {"N": "1"},
            ":until": {"N": str(int((denial.minute + DENIAL_LIFE).timestamp()))},
            ":at": {"S": timestamp(denial.last_at)},
            ":request": {"S": denial.request_id},
        }
        told = "SET #ttl = :until, last_at = :at, request_id = :request"
        if denial.session_id is not None:
            told, values[":session"] = f"{told}, session_id = :session", {"S": denial.session_id}
        self._client.update_item(
            TableName=self._table,
            Key=wire_key(
                table.asset_denial(denial.tenant_id, denial.asset_id, denial.minute.strftime(_MINUTE), denial.reason)
            ),
            UpdateExpression=f"{told} ADD refusals :one",
            ExpressionAttributeNames={"#ttl": table.TTL},
            ExpressionAttributeValues=values,
        )


def read_denial(tenant_id: str, asset_id: str, item: Mapping[str, Any]) -> Denial:
    minute, _, reason = item[table.SK]["S"].partition("#")
    return Denial(
        tenant_id=tenant_id,
        asset_id=asset_id,
        reason=reason,
        minute=datetime.strptime(minute, _MINUTE).replace(tzinfo=UTC),
        count=int(item["refusals"]["N"]),
        last_at=datetime.fromisoformat(item["last_at"]["S"]),
        request_id=item["request_id"]["S"],
        session_id=item["session_id"]["S"] if "session_id" in item else None,
    )
