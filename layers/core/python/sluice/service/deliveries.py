"""One attempt to deliver an event to an endpoint, and what follows from it.

Nothing is lost: while a delivery is pending or retrying, its row carries `next_attempt_at`, and the sweeper queues it
again when that passes. So a message may always be acknowledged, dropped or doubled. An attempt is claimed before it is
sent and its result is recorded once, whatever number of messages asks for it; only a sender that dies between sending
and recording makes an endpoint see the same webhook-id twice.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sluice.domain.deliveries import (
    DeliveryAttempt,
    DeliveryMessage,
    RetrySchedule,
    claim,
    is_claimed,
    is_early,
    is_settled,
    settle,
)
from sluice.domain.endpoint_health import Gate, SendSlot, Verdict, admit, slots_of
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.admission import QUEUE_LIMIT_S, hold_back, leaving, taking
from sluice.service.dispatch import GRACE
from sluice.service.endpoint_care import Source, note_failure, recovery, switching_off
from sluice.service.ports import Clock, Ids, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeadLetterQueue, DeliveryQueue, Random, SecretBox, WebhookSender, WebhookSigner
from sluice.service.webhook_sending import Message, Sent, open_secrets, send

logger = logging.getLogger(__name__)

LEASE_MARGIN = timedelta(seconds=20)  # name look-up and writes around one attempt
GONE = 410  # Standard Webhooks: the endpoint wants nothing any more


class Outcome(StrEnum):
    DELIVERED = "delivered"
    RETRYING = "retrying"
    DEAD = "dead"
    HELD = "held"  # its endpoint has no room: no attempt was made
    SUPERSEDED = "superseded"  # another message has done this, or is doing it


@dataclass(frozen=True, kw_only=True)
class Deliverer:
    environment: str
    new_id: Ids
    records: Records
    sender: WebhookSender
    signer: WebhookSigner
    secrets: SecretBox
    queue: DeliveryQueue
    dead_letters: DeadLetterQueue
    schedule: RetrySchedule
    timeout_s: float
    now: Clock
    jitter: Random

    @property
    def source(self) -> Source:
        return Source(self.environment, self.new_id, self.now)


class Claimed(NamedTuple):
    delivery: Delivery  # as the claim left it
    gate: Gate  # likewise
    endpoint: WebhookEndpoint
    event: Event
    secrets: tuple[str, ...]  # all that sign now
    slot: SendSlot
    slots: int  # of the endpoint, at this moment


class Result(NamedTuple):
    attempt: DeliveryAttempt
    sent: Sent


def deliver(message: DeliveryMessage, *, ports: Deliverer) -> Outcome:
    """Raises when a service of ours fails; the message then comes back."""
    try:
        claimed = _claim(message, ports)
    except WriteConflict:  # others were always faster at its endpoint's slots: that is no room either
        claimed = _step_aside(message, ports)
    if isinstance(claimed, Outcome):
        return claimed
    result = _send(message, claimed, ports)
    ports.records.save_attempt(result.attempt)  # before the state: a repeated attempt overwrites its row
    outcome = _record(message, claimed, result, ports)
    if outcome in (Outcome.RETRYING, Outcome.DEAD):
        # not in the transaction of the delivery: ten senders of one endpoint would compete for its row
        verdict = Verdict(result.sent.status, result.sent.retry_after_s)
        note_failure(claimed.endpoint, verdict, records=ports.records, source=ports.source)
    about = result.attempt.model_dump(include={"webhook_id", "event_id", "status", "failure", "latency_ms"})
    logger.info("delivery_attempted", extra={**about, "attempt": message.attempt, "outcome": outcome})
    return outcome


@retry_on_conflict
def _claim(message: DeliveryMessage, ports: Deliverer) -> Claimed | Outcome:
    """Reserve the attempt that the message asks for, unless it is another's, done, or has nowhere to go."""
    delivery = _delivery(message, ports.records)
    now = ports.now()
    if delivery is None or not _is_due(delivery, message, now):
        return Outcome.SUPERSEDED
    siblings = ports.records.webhooks(message.tenant_id)  # itself among them
    endpoint = next((one for one in siblings if one.id == message.webhook_id), None)
    event = ports.records.event_of(delivery)
    if endpoint is None or not endpoint.enabled or event is None:
        # Dead without a letter: an endpoint that its owner removed is nothing an operator could mend.
        logger.info("delivery_given_up", extra={"webhook_id": message.webhook_id, "event_id": message.event_id})
        given_up = settle(delivery, DeliveryState.DEAD, now, attempts=delivery.attempts, status=delivery.last_status)
        ports.records.commit(Replace(given_up))
        return Outcome.DEAD
    gate = ports.records.gate(message.tenant_id, message.webhook_id)
    lease = timedelta(seconds=ports.timeout_s) + LEASE_MARGIN
    slots = slots_of(endpoint, len(siblings))
    slot = admit(gate, endpoint, now, slots=slots, event_id=event.id, lease=lease, choice=ports.jitter())
    if slot is None:
        hold_back(delivery, gate, records=ports.records, queue=ports.queue, now=ports.now, jitter=ports.jitter)
        return Outcome.HELD
    secrets = open_secrets(endpoint, secrets=ports.secrets, now=now)
    claimed = claim(delivery, now, lease=lease, grace=GRACE)
    ports.records.commit(Replace(claimed), taking(slot))
    return Claimed(claimed, Gate(gate.health, (slot,)), endpoint, event, secrets, slot, slots)


@retry_on_conflict
def _step_aside(message: DeliveryMessage, ports: Deliverer) -> Outcome:
    delivery = _delivery(message, ports.records)
    if delivery is None or not _is_due(delivery, message, ports.now()):
        return Outcome.SUPERSEDED
    gate = ports.records.gate(message.tenant_id, message.webhook_id)
    hold_back(delivery, gate, records=ports.records, queue=ports.queue, now=ports.now, jitter=ports.jitter)
    return Outcome.HELD


def _delivery(message: DeliveryMessage, records: Records) -> Delivery | None:
    return records.delivery(message.tenant_id, message.webhook_id, message.event_id)


def _is_due(delivery: Delivery, message: DeliveryMessage, now: datetime) -> bool:
    return _is_next(delivery, message) and not is_claimed(delivery, now) and not is_early(delivery, now)


def _is_next(delivery: Delivery, message: DeliveryMessage) -> bool:
    return not is_settled(delivery) and message.attempt == delivery.attempts + 1


def _send(message: DeliveryMessage, claimed: Claimed, ports: Deliverer) -> Result:
    sent = send(
        claimed.endpoint,
        Message(message.event_id, claimed.event.body, claimed.secrets),
        sender=ports.sender,
        signer=ports.signer,
        timeout_s=ports.timeout_s,
        now=ports.now,
    )
    attempt = DeliveryAttempt(
        tenant_id=message.tenant_id,
        webhook_id=message.webhook_id,
        event_id=message.event_id,
        number=message.attempt,
        sent_at=sent.sent_at,
        request_headers=sent.request_headers,
        latency_ms=sent.latency_ms,
        status=sent.status,
        failure=sent.failure,
        response=sent.response,
    )
    return Result(attempt, sent)


def _record(message: DeliveryMessage, claimed: Claimed, result: Result, ports: Deliverer) -> Outcome:
    """Write what the attempt led to. Two senders of one attempt count as one; a success beats a failure.

    Nobody else touches the rows of most attempts: they are read again only when somebody has.
    """
    try:
        return _record_on(claimed.delivery, claimed.gate, claimed, result, ports)
    except WriteConflict:
        return _record_anew(message, claimed, result, ports)


@retry_on_conflict
def _record_anew(message: DeliveryMessage, claimed: Claimed, result: Result, ports: Deliverer) -> Outcome:
    delivery = _delivery(message, ports.records)
    if delivery is None or is_settled(delivery) or (not result.sent.succeeded and not _is_next(delivery, message)):
        return Outcome.SUPERSEDED
    gate = ports.records.gate(message.tenant_id, message.webhook_id)
    return _record_on(delivery, gate, claimed, result, ports)


def _record_on(delivery: Delivery, gate: Gate, claimed: Claimed, result: Result, ports: Deliverer) -> Outcome:
    writes = leaving(claimed.slot, claimed.endpoint, gate, ports.now, slots=claimed.slots)
    if result.sent.succeeded:
        writes += recovery(gate, ports.now)
        ports.records.commit(Replace(_after(DeliveryState.DELIVERED, delivery, result, ports)), *writes)
        return Outcome.DELIVERED
    if result.attempt.status == GONE:
        return _switch_off(delivery, result, writes, ports)
    tries = result.attempt.number - delivery.redriven_after
    delay = ports.schedule.delay_after(tries, retry_after_s=result.sent.retry_after_s, jitter=ports.jitter())
    if delay is None:
        # The letter first: a delivery without a letter could not be redriven, a letter too many is dropped there.
        ports.dead_letters.send(delivery)
        ports.records.commit(Replace(_after(DeliveryState.DEAD, delivery, result, ports)), *writes)
        return Outcome.DEAD
    return _schedule(delay, delivery, result, writes, ports)


def _after(state: DeliveryState, delivery: Delivery, result: Result, ports: Deliverer, **next_at: datetime) -> Delivery:
    """`next_at`: next_attempt_at and retry_at, if there is a next attempt."""
    attempts = max(delivery.attempts, result.attempt.number)
    return settle(delivery, state, ports.now(), attempts=attempts, status=result.attempt.status, **next_at)


def _schedule(delay: float, delivery: Delivery, result: Result, writes: Sequence[Replace], ports: Deliverer) -> Outcome:
    due = ports.now() + timedelta(seconds=delay)
    queued = delay <= QUEUE_LIMIT_S
    swept_at = due + GRACE if queued else due
    waiting = _after(DeliveryState.RETRYING, delivery, result, ports, next_attempt_at=swept_at, retry_at=due)
    ports.records.commit(Replace(waiting), *writes)
    if queued:
        ports.queue.send(waiting, delay_s=math.ceil(delay))
    return Outcome.RETRYING


def _switch_off(delivery: Delivery, result: Result, writes: Sequence[Replace], ports: Deliverer) -> Outcome:
    endpoint = ports.records.webhook(delivery.tenant_id, delivery.webhook_id)
    off = switching_off(endpoint, "gone", records=ports.records, source=ports.source, since=None) if endpoint else []
    ports.records.commit(Replace(_after(DeliveryState.DEAD, delivery, result, ports)), *off, *writes)
    return Outcome.DEAD
