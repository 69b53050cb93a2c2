"""A request that may come twice and is done once."""

from datetime import datetime
from typing import Literal

from sluice.domain.models import Model


class IdempotencyRecord(Model):
    """Reserves a resource id for one Idempotency-Key; holds no body, no secret and no URL."""

    tenant_id: str
    route: str
    key: str
    body_hash: str
    resource_id: str
    state: Literal["in_flight", "done"]
    created_at: datetime
    version: int = 1
