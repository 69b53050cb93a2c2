"""The webhook part of the record store in memory: `service.webhook_ports.WebhookRecords`."""

from collections.abc import Sequence

from sluice import table
from sluice.adapters.item_keys import event_key
from sluice.domain.endpoint_health import MAX_IN_FLIGHT, EndpointHealth, Gate, SendSlot
from sluice.domain.events import Event
from sluice.domain.models import Delivery, WebhookEndpoint
from tests.fakes.profile_rows import FakeProfileRows


class FakeWebhookRows(FakeProfileRows):
    def event_of(self, delivery: Delivery) -> Event | None:
        place = event_key(delivery.tenant_id, delivery.event_id, delivery.asset_id, delivery.sequence)
        return self._get(Event, place)

    def webhook(self, tenant_id: str, webhook_id: str) -> WebhookEndpoint | None:
        return self._get(WebhookEndpoint, table.webhook(tenant_id, webhook_id))

    def webhooks(self, tenant_id: str) -> list[WebhookEndpoint]:
        mine = [endpoint for endpoint in self._all(WebhookEndpoint) if endpoint.tenant_id == tenant_id]
        return sorted(mine, key=lambda endpoint: endpoint.id)

    def gate(self, tenant_id: str, webhook_id: str) -> Gate:
        health = self._get(EndpointHealth, table.endpoint_health(tenant_id, webhook_id))
        places = [
            self._get(SendSlot, table.send_slot(tenant_id, webhook_id, number)) for number in range(MAX_IN_FLIGHT)
        ]
        return Gate(health, tuple(slot for slot in places if slot))

    def delivery(self, tenant_id: str, webhook_id: str, event_id: str) -> Delivery | None:
        return self._get(Delivery, table.delivery(tenant_id, webhook_id, event_id))

    def deliveries_of(self, tenant_id: str, webhook_id: str, event_ids: Sequence[str]) -> list[Delivery]:
        found = (self.delivery(tenant_id, webhook_id, event_id) for event_id in event_ids)
        return [delivery for delivery in found if delivery]
