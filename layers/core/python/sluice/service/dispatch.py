"""From an event to one delivery per endpoint that wants it. Safe to repeat at any point.

An event takes its place in the feed, and so leaves the work index, last: whatever fails before is done again from the
stream or by the sweeper. One that has its place is not begun again.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sluice.domain.deliveries import AssetDelivery
from sluice.domain.errors import WriteConflict
from sluice.domain.event_patterns import matches_any
from sluice.domain.events import Event
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.feed import append_events
from sluice.service.ports import Clock, Create, Ids, Records
from sluice.service.webhook_ports import DeliveryQueue

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)  # what the queue gets before the sweeper takes a message for lost


class Undispatched(NamedTuple):
    failed: list[Event]
    late: list[Event]  # there was no time to begin with them


def dispatch_event(*, event: Event, records: Records, queue: DeliveryQueue, new_id: Ids, now: Clock) -> list[Delivery]:
    """Returns the deliveries queued by this call."""
    if not records.undispatched([event]):
        return []
    wanted = _deliveries(event, records.webhooks(event.tenant_id), new_id, now())
    queued = _queued(event, wanted, records, queue)
    append_events([event], records=records, now=now)
    return queued


def dispatch_events(
    events: Sequence[Event],
    *,
    records: Records,
    queue: DeliveryQueue,
    new_id: Ids,
    now: Clock,
    time_left: Callable[[], bool],
) -> Undispatched:
    """Like one after the other, but what they share is read and written once; no more are begun without `time_left`.

    One that fails does not keep the others, and its error is logged. All were committed before this call: endpoints
    that are read in it hold every one that any of them is owed to.
    """
    failed: list[Event] = []
    late: list[Event] = []
    queued: dict[str, list[Event]] = {}
    endpoints = cache(records.webhooks)
    for event in records.undispatched(events):
        if not time_left():
            late.append(event)
            continue
        try:
            _queued(event, _deliveries(event, endpoints(event.tenant_id), new_id, now()), records, queue)
            queued.setdefault(event.tenant_id, []).append(event)
        except Exception:
            logger.exception("record_failed", extra={"event_id": event.id})
            failed.append(event)
    for of_tenant in queued.values():
        try:
            append_events(of_tenant, records=records, now=now)
        except Exception:
            logger.exception("record_failed", extra={"event_ids": [event.id for event in of_tenant]})
            failed += of_tenant
    return Undispatched(failed, late)


def wants(endpoint: WebhookEndpoint, event: Event) -> bool:
    return endpoint.enabled and matches_any(event.type, endpoint.event_types)


def _deliveries(event: Event, endpoints: Sequence[WebhookEndpoint], new_id: Ids, moment: datetime) -> list[Delivery]:
    wanting = [endpoint for endpoint in endpoints if wants(endpoint, event)]
    return [_new_delivery(event, endpoint, new_id(Prefix.DELIVERY), moment) for endpoint in wanting]


def _queued(event: Event, deliveries: list[Delivery], records: Records, queue: DeliveryQueue) -> list[Delivery]:
    """Those whose first message this call has sent."""
    queued = [delivery for delivery in deliveries if _create_or_find(delivery, records)]
    for delivery in queued:
        queue.send(delivery, delay_s=0)
    logger.info("event_queued", extra={"event_id": event.id, "deliveries": len(queued)})
    return queued


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
