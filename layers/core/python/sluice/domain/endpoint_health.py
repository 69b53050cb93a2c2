"""What one endpoint may take of the senders that all endpoints share: slots, pace, and a circuit that opens.

An attempt holds one of the endpoint's few slots while it is sent, so that an endpoint that hangs holds no more senders
than it has slots. The circuit stops attempts for a while when answers stay out, or when the endpoint asks for it;
then one slot alone is used, until something is delivered.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sluice.domain.models import Model, WebhookEndpoint

MAX_IN_FLIGHT = 10  # of one endpoint
TENANT_IN_FLIGHT = 100  # of all endpoints of a tenant: half of the senders that may run at once
SILENT_TO_OPEN = 5  # attempts in a row without an answer
FIRST_PAUSE = timedelta(seconds=5)  # doubles with every pause in a row
LONGEST_PAUSE = timedelta(minutes=5)
LONGEST_ASKED_FOR = timedelta(days=1)  # by Retry-After
GIVE_UP_AFTER = timedelta(days=5)  # of attempts that all failed: longer than one event's whole schedule
LONGEST_HOLD = timedelta(minutes=5)  # of a delivery that found no slot, before it looks again
OVERLOADED = frozenset({429, 502, 504})  # Standard Webhooks: send less


class SendSlot(Model):
    """One of an endpoint's places. It is free from `free_at` on: after a lease, if its sender has died."""

    tenant_id: str
    webhook_id: str
    number: int  # from 0
    event_id: str  # of the delivery that has it, or had it last
    taken_at: datetime
    free_at: datetime
    version: int = 1


class EndpointHealth(Model):
    """How the attempts went since the last one that was delivered. Without this row, well."""

    tenant_id: str
    webhook_id: str
    failing_since: datetime | None = None  # None: the last attempt was delivered
    silent: int = 0  # attempts without an answer, in a row
    pauses: int = 0
    paused_until: datetime | None = None
    updated_at: datetime
    version: int = 1


class Gate(NamedTuple):
    """All that stands at an endpoint's door."""

    health: EndpointHealth | None
    slots: tuple[SendSlot, ...]


class Verdict(NamedTuple):
    """Of one failed attempt."""

    status: int | None  # None: no answer
    retry_after_s: int | None


def admit(
    gate: Gate,
    endpoint: WebhookEndpoint,
    now: datetime,
    *,
    slots: int,
    event_id: str,
    lease: timedelta,
    choice: float,
) -> SendSlot | None:
    """A slot to be written before anything is sent; None while there is none.

    `slots`: by `slots_of`. `choice` is uniform in [0, 1).
    """
    paused = gate.health is not None and gate.health.pauses > 0
    if pause_left(gate, now):
        return None
    known = {slot.number: slot for slot in gate.slots}
    usable = range(1 if paused else slots)
    free = [number for number in usable if number not in known or known[number].free_at <= now]
    if not free:
        return None
    number = free[int(choice * len(free))]
    return SendSlot(
        tenant_id=endpoint.tenant_id,
        webhook_id=endpoint.id,
        number=number,
        event_id=event_id,
        taken_at=now,
        free_at=now + lease,
        version=known[number].version + 1 if number in known else 1,
    )


def slots_of(endpoint: WebhookEndpoint, siblings: int) -> int:
    """Of a tenant with so many endpoints. Fifty that all hang must leave senders to the other tenants."""
    return min(MAX_IN_FLIGHT, max(1, TENANT_IN_FLIGHT // siblings), endpoint.max_per_second or MAX_IN_FLIGHT)


def release(slot: SendSlot, endpoint: WebhookEndpoint, now: datetime, *, slots: int) -> SendSlot:
    """Pace: with n slots and r attempts a second, each slot is taken once in n/r seconds."""
    rate = endpoint.max_per_second
    pace = timedelta(seconds=slots / rate) if rate else timedelta(0)
    return slot.model_copy(update={"free_at": max(now, slot.taken_at + pace), "version": slot.version + 1})


def held_slot(slots: Sequence[SendSlot], taken: SendSlot) -> SendSlot | None:
    """The slot, unless its lease has ended and somebody else has it."""
    return next((slot for slot in slots if slot == taken), None)


def pause_left(gate: Gate, now: datetime) -> timedelta:
    until = gate.health.paused_until if gate.health else None
    return max(until - now, timedelta(0)) if until else timedelta(0)


def after_failure(
    health: EndpointHealth | None, endpoint: WebhookEndpoint, verdict: Verdict, now: datetime
) -> EndpointHealth:
    before = health or EndpointHealth(tenant_id=endpoint.tenant_id, webhook_id=endpoint.id, updated_at=now, version=0)
    silent = before.silent + 1 if verdict.status is None else 0
    counted = {"failing_since": before.failing_since or now, "silent": silent}
    after = before.model_copy(update={**counted, "updated_at": now, "version": before.version + 1})
    asked = min(timedelta(seconds=verdict.retry_after_s or 0), LONGEST_ASKED_FOR)
    until = max(now + asked, before.paused_until or now)
    closed = before.paused_until is None or before.paused_until <= now
    too_much = verdict.status in OVERLOADED or asked or before.pauses or silent >= SILENT_TO_OPEN
    if closed and too_much:
        pause = min(FIRST_PAUSE * 2 ** min(before.pauses, 10), LONGEST_PAUSE)
        return after.model_copy(update={"pauses": before.pauses + 1, "paused_until": max(until, now + pause)})
    # one that was on its way when the circuit opened lengthens no pause, unless its answer asks for it
    return after.model_copy(update={"paused_until": until}) if until > now else after


def is_given_up(health: EndpointHealth, now: datetime) -> bool:
    return health.failing_since is not None and now - health.failing_since >= GIVE_UP_AFTER


def after_success(health: EndpointHealth, now: datetime) -> EndpointHealth:
    return EndpointHealth(
        tenant_id=health.tenant_id, webhook_id=health.webhook_id, updated_at=now, version=health.version + 1
    )


def hold_for(gate: Gate, now: datetime, *, holds: int, choice: float) -> timedelta:
    """How long a delivery that was not admitted waits, `holds` times before this one.

    Doubling keeps a backlog from asking all the time; the spread keeps it from asking all at once.
    """
    longest = min(timedelta(seconds=2 ** min(holds + 1, 10)), LONGEST_HOLD)
    return pause_left(gate, now) + longest * (0.5 + choice / 2)
