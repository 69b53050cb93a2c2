"""What a timeline reads beside the records of everybody."""

from typing import Protocol

from sluice.domain.audit import AuditRecord
from sluice.domain.denials import Denial
from sluice.domain.events import Event
from sluice.domain.models import Delivery


class Timeline(Protocol):
    """Rows of one asset, newest first. Reads are strongly consistent."""

    def asset_events(self, tenant_id: str, asset_id: str, *, before: int | None, limit: int) -> list[Event]:
        """`before` is a sequence."""
        ...

    def asset_deliveries(
        self, tenant_id: str, asset_id: str, *, before: str | None, limit: int
    ) -> list[tuple[str, Delivery]]:
        """By event and endpoint, each with its position, which `before` is one of."""
        ...

    def asset_audit(self, tenant_id: str, asset_id: str, *, before: str | None, limit: int) -> list[AuditRecord]:
        """`before` is an id."""
        ...

    def asset_denials(
        self, tenant_id: str, asset_id: str, *, before: str | None, limit: int
    ) -> list[tuple[str, Denial]]:
        """By minute and reason, each with its position, which `before` is one of."""
        ...
