"""Deliveries that start again: those whose message was lost, and the dead ones that an operator redrives."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from sluice.domain.deliveries import is_claimed, is_settled, postpone, revive
from sluice.domain.errors import WriteConflict
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service.dispatch import GRACE
from sluice.service.ports import Clock, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeadLetter, DeadLetterQueue, DeliveryQueue

logger = logging.getLogger(__name__)

RESEND_GRACE = timedelta(minutes=5)  # a backlog in the queue must not be fed a copy of itself every minute


def resend_delivery(delivery: Delivery, *, records: Records, queue: DeliveryQueue, now: Clock) -> None:
    """Queue a due delivery. Does nothing when somebody else has touched it since it was read."""
    moment = now()
    waiting = postpone(delivery, moment, next_attempt_at=moment + RESEND_GRACE)
    try:
        records.commit(Replace(waiting))
    except WriteConflict:
        return
    queue.send(waiting, delay_s=0)


@dataclass(frozen=True)
class Redriven:
    sent: int  # deliveries that were dead and are pending again
    dropped: int  # letters of deliveries that need none: delivered, alive or gone
    kept: int  # letters of deliveries that a sender holds at this moment


def redrive(
    *, records: Records, queue: DeliveryQueue, dead_letters: DeadLetterQueue, now: Clock, limit: int = 1_000
) -> Redriven:
    """Send dead deliveries again, from the start of their schedule. Safe to repeat and to interrupt."""
    counts = {"sent": 0, "dropped": 0, "kept": 0}
    while sum(counts.values()) < limit and (letters := dead_letters.receive()):
        for letter in letters:
            verdict = _redrive(letter, records, queue, now)
            counts[verdict] += 1
            if verdict != "kept":
                dead_letters.delete(letter)
    logger.info("deliveries_redriven", extra=counts)
    return Redriven(**counts)


@retry_on_conflict
def _redrive(letter: DeadLetter, records: Records, queue: DeliveryQueue, now: Clock) -> str:
    message, moment = letter.message, now()
    delivery = records.delivery(message.tenant_id, message.webhook_id, message.event_id)
    if delivery is None or delivery.state is DeliveryState.DELIVERED:
        return "dropped"
    if not is_settled(delivery):
        if is_claimed(delivery, moment):
            return "kept"  # it may be dying just now, and then this is its only letter
        resend_delivery(delivery, records=records, queue=queue, now=now)  # SQS gave up on a crashing sender
        return "dropped"
    pending = revive(delivery, moment, next_attempt_at=moment + GRACE)
    records.commit(Replace(pending))
    queue.send(pending, delay_s=0)
    return "sent"
