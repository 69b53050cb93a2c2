"""Dead deliveries as their owner sees them, and their way back: the same event and id, the whole schedule again."""

from datetime import timedelta

from sluice.domain.deliveries import is_settled, revive
from sluice.domain.errors import DeliveryNotDead, WebhookDisabled
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service import cursors
from sluice.service.delivery_log import get_delivery
from sluice.service.dispatch import GRACE
from sluice.service.ports import Clock, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeliveryLog, DeliveryQueue
from sluice.service.webhooks import get_webhook

LIST = "GET /v1/dead-letters"


def list_dead_letters(
    *,
    tenant_id: str,
    webhook_id: str | None,
    limit: int,
    cursor: str | None,
    cursor_key: bytes,
    records: Records,
    log: DeliveryLog,
) -> tuple[list[Delivery], str | None]:
    """The last to die first, of one endpoint or all that exist: what a deleted one missed can go nowhere.

    Raises WebhookNotFound, InvalidCursor.
    """
    one = get_webhook(webhook_id, tenant_id=tenant_id, records=records) if webhook_id else None
    wanted = [one] if one else records.webhooks(tenant_id)
    bound = {"webhook_id": webhook_id or ""}
    before = cursor and cursors.unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=LIST, filters=bound)
    ids = {endpoint.id for endpoint in wanted}
    found, position = log.dead_deliveries(tenant_id, webhook_ids=ids, limit=limit, before=before)
    following = position and cursors.seal(position, key=cursor_key, tenant_id=tenant_id, route=LIST, filters=bound)
    return found, following


def redrive_delivery(
    webhook_id: str, event_id: str, *, tenant_id: str, records: Records, queue: DeliveryQueue, now: Clock
) -> Delivery:
    """One that is on its way stays as it is, so that the call can be repeated.

    Raises WebhookNotFound, DeliveryNotFound, WebhookDisabled, DeliveryNotDead.
    """
    _check_enabled(webhook_id, tenant_id, records)
    return revive_dead(webhook_id, event_id, tenant_id, records=records, queue=queue, now=now)


def _check_enabled(webhook_id: str, tenant_id: str, records: Records) -> None:
    if not get_webhook(webhook_id, tenant_id=tenant_id, records=records).enabled:
        raise WebhookDisabled()  # it would only die again


@retry_on_conflict
def revive_dead(
    webhook_id: str,
    event_id: str,
    tenant_id: str,
    *,
    records: Records,
    queue: DeliveryQueue,
    now: Clock,
    delay_s: int = 0,
) -> Delivery:
    """One that is on its way stays as it is. Raises WebhookNotFound, DeliveryNotFound, DeliveryNotDead."""
    delivery, moment = get_delivery(webhook_id, event_id, tenant_id=tenant_id, records=records), now()
    if delivery.state is DeliveryState.DELIVERED:
        raise DeliveryNotDead()
    if not is_settled(delivery):
        return delivery
    pending = revive(delivery, moment, next_attempt_at=moment + timedelta(seconds=delay_s) + GRACE)
    records.commit(Replace(pending))
    queue.send(pending, delay_s=delay_s)
    return pending
