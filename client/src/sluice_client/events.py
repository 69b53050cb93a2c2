"""What happened to an asset, as webhooks and the feed tell it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sluice_client.models import moment


@dataclass(frozen=True)
class Event:
    """`data` and the types grow: ignore what you do not know."""

    id: str  # the same in every repetition
    type: str
    timestamp: datetime
    tenant_id: str
    sequence: int | None  # counts the events of one asset from 1; None: the event belongs to none
    correlation_id: str | None
    data: Mapping[str, Any]

    @classmethod
    def of(cls, body: bytes) -> "Event":
        """From the bytes of an envelope. Raises ValueError, KeyError, TypeError, AttributeError for anything else."""
        envelope = json.loads(body)
        return cls(
            id=str(envelope["id"]),
            type=str(envelope["type"]),
            timestamp=moment(envelope["timestamp"]),
            tenant_id=envelope["tenant_id"],
            sequence=envelope["sequence"],
            correlation_id=envelope.get("correlation_id"),
            data=dict(envelope["data"]),
        )
