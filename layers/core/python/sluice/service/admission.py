"""Whether an endpoint has room for one more attempt, and what a delivery does when it has not.

A held delivery uses up no attempt: its message is acknowledged and another one is sent that arrives later. So a full
or silent endpoint costs the senders a few reads and never a wait.
"""

import logging
import math
from datetime import timedelta

from sluice.domain.deliveries import hold
from sluice.domain.endpoint_health import Gate, SendSlot, held_slot, hold_for, release
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.service.dispatch import GRACE
from sluice.service.ports import Clock, Create, Records, Replace
from sluice.service.webhook_ports import DeliveryQueue, Random

logger = logging.getLogger(__name__)

QUEUE_LIMIT_S = 900  # SQS's longest DelaySeconds; longer delays wait in the due index


def hold_back(
    delivery: Delivery, gate: Gate, *, records: Records, queue: DeliveryQueue, now: Clock, jitter: Random
) -> None:
    """Raises WriteConflict when somebody else has touched the delivery."""
    moment = now()
    waits = hold_for(gate, moment, holds=delivery.holds, choice=jitter())
    until = moment + waits
    queued = waits <= timedelta(seconds=QUEUE_LIMIT_S)
    held = hold(delivery, moment, until=until, next_attempt_at=until + GRACE if queued else until)
    records.commit(Replace(held))
    if queued:
        queue.send(held, delay_s=math.ceil(waits.total_seconds()))
    about = {"webhook_id": delivery.webhook_id, "event_id": delivery.event_id, "holds": held.holds}
    logger.info("delivery_held", extra=about)


def taking(slot: SendSlot) -> Create | Replace:
    """The write that takes the slot; of two senders who want it, one fails."""
    return Create(slot) if slot.version == 1 else Replace(slot)


def leaving(slot: SendSlot, endpoint: WebhookEndpoint, gate: Gate, now: Clock, *, slots: int) -> list[Replace]:
    """The writes that give the slot back: none when its lease ended and another sender has it."""
    mine = held_slot(gate.slots, slot)
    return [Replace(release(mine, endpoint, now(), slots=slots))] if mine else []
