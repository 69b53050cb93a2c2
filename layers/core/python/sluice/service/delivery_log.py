"""What was sent to an endpoint, for its owner to look at."""

from typing import NamedTuple

from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.errors import DeliveryNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service import cursors
from sluice.service.ports import Records
from sluice.service.webhook_ports import DeliveryLog
from sluice.service.webhooks import get_webhook

LIST = "GET /v1/webhooks/{webhook_id}/deliveries"


class Report(NamedTuple):
    delivery: Delivery
    body: str | None  # as every attempt sent it; None: its event is not stored any more
    attempts: list[DeliveryAttempt]


def list_deliveries(
    webhook_id: str,
    *,
    tenant_id: str,
    state: DeliveryState | None,
    limit: int,
    cursor: str | None,
    cursor_key: bytes,
    records: Records,
    log: DeliveryLog,
) -> tuple[list[Delivery], str | None]:
    """Newest first, with the cursor of the next page. Raises WebhookNotFound, InvalidCursor."""
    get_webhook(webhook_id, tenant_id=tenant_id, records=records)
    bound = {"webhook_id": webhook_id, "status": state or ""}
    before = cursor and cursors.unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=LIST, filters=bound)
    found, position = log.deliveries(tenant_id, webhook_id, state=state, limit=limit, before=before)
    following = position and cursors.seal(position, key=cursor_key, tenant_id=tenant_id, route=LIST, filters=bound)
    return found, following


def get_delivery(webhook_id: str, event_id: str, *, tenant_id: str, records: Records) -> Delivery:
    """Raises WebhookNotFound, DeliveryNotFound."""
    get_webhook(webhook_id, tenant_id=tenant_id, records=records)
    delivery = records.delivery(tenant_id, webhook_id, event_id) if is_id(Prefix.EVENT, event_id) else None
    if delivery is None:
        raise DeliveryNotFound()
    return delivery


def report_delivery(webhook_id: str, event_id: str, *, tenant_id: str, records: Records, log: DeliveryLog) -> Report:
    """Raises WebhookNotFound, DeliveryNotFound."""
    delivery = get_delivery(webhook_id, event_id, tenant_id=tenant_id, records=records)
    event = records.event_of(delivery)
    return Report(delivery, event.body if event else None, log.attempts(tenant_id, webhook_id, event_id))
