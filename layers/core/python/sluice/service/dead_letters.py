"""Dead deliveries as their owner sees them, and their way back: the same event and id, the whole schedule again."""

import logging
from contextlib import suppress
from typing import NamedTuple

from sluice.domain.deliveries import is_settled, revive
from sluice.domain.errors import DeliveryNotDead, DeliveryNotFound, WebhookDisabled
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service import cursors
from sluice.service.delivery_log import get_delivery
from sluice.service.dispatch import GRACE
from sluice.service.ports import Clock, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeliveryLog, DeliveryQueue
from sluice.service.webhooks import get_webhook

logger = logging.getLogger(__name__)

LIST = "GET /v1/dead-letters"
AT_ONCE = 100  # deliveries of one request: two to three seconds of writes


class Redriven(NamedTuple):
    sent: int
    more: bool  # dead letters of the endpoint may be left


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
    return _revive(webhook_id, event_id, tenant_id, records, queue, now)


def redrive_endpoint(
    webhook_id: str, *, tenant_id: str, records: Records, log: DeliveryLog, queue: DeliveryQueue, now: Clock
) -> Redriven:
    """The newest dead letters of an endpoint. Raises WebhookNotFound, WebhookDisabled."""
    _check_enabled(webhook_id, tenant_id, records)
    found, position = log.dead_deliveries(tenant_id, webhook_ids={webhook_id}, limit=AT_ONCE, before=None)
    while not found and position:  # behind those of other endpoints
        found, position = log.dead_deliveries(tenant_id, webhook_ids={webhook_id}, limit=AT_ONCE, before=position)
    sent = 0
    for delivery in found:
        with suppress(DeliveryNotDead, DeliveryNotFound):  # somebody else was faster
            _revive(webhook_id, delivery.event_id, tenant_id, records, queue, now)
            sent += 1
    logger.info("dead_letters_redriven", extra={"webhook_id": webhook_id, "sent": sent})
    return Redriven(sent, position is not None)


def _check_enabled(webhook_id: str, tenant_id: str, records: Records) -> None:
    if not get_webhook(webhook_id, tenant_id=tenant_id, records=records).enabled:
        raise WebhookDisabled()  # it would only die again


@retry_on_conflict
def _revive(
    webhook_id: str, event_id: str, tenant_id: str, records: Records, queue: DeliveryQueue, now: Clock
) -> Delivery:
    delivery, moment = get_delivery(webhook_id, event_id, tenant_id=tenant_id, records=records), now()
    if delivery.state is DeliveryState.DELIVERED:
        raise DeliveryNotDead()
    if not is_settled(delivery):
        return delivery
    pending = revive(delivery, moment, next_attempt_at=moment + GRACE)
    records.commit(Replace(pending))
    queue.send(pending, delay_s=0)
    return pending
