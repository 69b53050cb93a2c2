"""Rows of one asset in memory; passes the same contract suite as DynamoDB's."""

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.domain.audit import AuditRecord
from sluice.domain.deliveries import AssetDelivery
from sluice.domain.denials import Denial
from sluice.domain.events import Event
from sluice.domain.models import Delivery
from tests.fakes.records import FakeRecords


class FakeTimeline:
    def __init__(self, records: FakeRecords) -> None:
        self._records = records

    def asset_events(self, tenant_id: str, asset_id: str, *, before: int | None, limit: int) -> list[Event]:
        told = [event for event in self._records.events(tenant_id, asset_id) if event.sequence is not None]
        newest_first = [event for event in reversed(told) if before is None or (event.sequence or 0) < before]
        return newest_first[:limit]

    def asset_deliveries(
        self, tenant_id: str, asset_id: str, *, before: str | None, limit: int
    ) -> list[tuple[str, Delivery]]:
        rows = list(self._records.rows.values())
        pointers = {
            key_of(row).sk: row
            for row in rows
            if isinstance(row, AssetDelivery) and (row.tenant_id, row.asset_id) == (tenant_id, asset_id)
        }
        positions = sorted((one for one in pointers if before is None or one < before), reverse=True)
        found = [
            (position, self._records.delivery(tenant_id, pointers[position].webhook_id, pointers[position].event_id))
            for position in positions
        ]
        return [(position, delivery) for position, delivery in found if delivery][:limit]

    def asset_audit(self, tenant_id: str, asset_id: str, *, before: str | None, limit: int) -> list[AuditRecord]:
        mine = [
            row
            for row in self._records.rows.values()
            if isinstance(row, AuditRecord) and (row.tenant_id, row.asset_id) == (tenant_id, asset_id)
        ]
        found = [row for row in mine if before is None or row.id < before]
        return sorted(found, key=lambda row: row.id, reverse=True)[:limit]

    def asset_denials(
        self, tenant_id: str, asset_id: str, *, before: str | None, limit: int
    ) -> list[tuple[str, Denial]]:
        partition = table.asset_denial(tenant_id, asset_id, "", "").pk
        mine = {
            key.sk: row for key, row in self._records.rows.items() if isinstance(row, Denial) and key.pk == partition
        }
        positions = sorted((one for one in mine if before is None or one < before), reverse=True)
        return [(position, mine[position]) for position in positions[:limit]]
