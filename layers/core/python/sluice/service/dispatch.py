"""From an event to one delivery per endpoint that wants it. Safe to repeat at any point."""

import logging
from datetime import datetime, timedelta

from sluice.domain.deliveries import AssetDelivery
from sluice.domain.errors import WriteConflict
from sluice.domain.event_patterns import matches_any
from sluice.domain.events import Event
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.feed import append_event
from sluice.service.ports import Clock, Create, Ids, Records
from sluice.service.webhook_ports import DeliveryQueue

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)  # what the queue gets before the sweeper takes a message for lost


def dispatch_event(*, event: Event, records: Records, queue: DeliveryQueue, new_id: Ids, now: Clock) -> list[Delivery]:
    """Returns the deliveries queued by this call.

    The event takes its place in the feed, and so leaves the work index, last: whatever fails before is done again from
    the stream or by the sweeper. One that has its place is not begun again.
    """
    if records.is_dispatched(event):
        return []
    endpoints = [endpoint for endpoint in records.webhooks(event.tenant_id) if wants(endpoint, event)]
    made = [_new_delivery(event, endpoint, new_id(Prefix.DELIVERY), now()) for endpoint in endpoints]
    queued = [delivery for delivery in made if _create_or_find(delivery, records)]
    for delivery in queued:
        queue.send(delivery, delay_s=0)
    append_event(event, records=records, now=now)
    logger.info("event_dispatched", extra={"event_id": event.id, "deliveries": len(queued)})
    return queued


def wants(endpoint: WebhookEndpoint, event: Event) -> bool:
    return endpoint.enabled and matches_any(event.type, endpoint.event_types)


def _new_delivery(event: Event, endpoint: WebhookEndpoint, delivery_id: str, now: datetime) -> Delivery:
    return Delivery(
        id=delivery_id,
        tenant_id=event.tenant_id,
        webhook_id=endpoint.id,
        event_id=event.id,
        event_type=event.type,
        asset_id=event.asset_id,
        sequence=event.sequence,
        state=DeliveryState.PENDING,
        next_attempt_at=now + GRACE,
        created_at=now,
        updated_at=now,
    )


def _create_or_find(delivery: Delivery, records: Records) -> bool:
    """True if the pair's first message has to be sent: by us, or by an earlier run that may have died before it did."""
    try:
        records.commit(Create(delivery), *pointer(delivery))
        return True
    except WriteConflict:
        existing = records.delivery(delivery.tenant_id, delivery.webhook_id, delivery.event_id)
        if existing is None:  # a collision, not a duplicate
            raise
        return existing.state is DeliveryState.PENDING and existing.version == 1


def pointer(delivery: Delivery) -> list[Create]:
    """From the asset, if it is about one."""
    if delivery.asset_id is None:
        return []
    fields = delivery.model_dump(include={"tenant_id", "asset_id", "webhook_id", "event_id", "created_at"})
    return [Create(AssetDelivery(**fields))]
