"""One webhook delivery through its life: what a queue message says, when the next attempt comes, what follows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sluice.domain.models import Delivery, Model
from sluice.domain.states import DELIVERY_EDGES, DeliveryState, check_edge

JITTER = 0.2  # ± share of a delay, so that endpoints that failed together are not retried together
CLOCK_SKEW = timedelta(seconds=1)  # between the clocks of two senders
MAX_RETRY_AFTER_S = 86_400  # an endpoint may ask for a day; more would outlive the delivery


class AssetDelivery(Model):
    """Which deliveries tell of an asset: a pointer beside each, written with it and never changed."""

    tenant_id: str
    asset_id: str
    webhook_id: str
    event_id: str
    created_at: datetime


class DeliveryMessage(Model):
    """A message of the delivery queue. A message for an attempt that is already recorded is a duplicate."""

    tenant_id: str
    webhook_id: str
    event_id: str
    attempt: int  # from 1, over all redrives

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            tenant_id=delivery.tenant_id,
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            attempt=delivery.attempts + 1,
        )


class DeliveryAttempt(Model):
    tenant_id: str
    webhook_id: str
    event_id: str
    number: int  # from 1
    sent_at: datetime
    request_headers: dict[str, str] = {}  # but the signature
    latency_ms: int
    status: int | None  # None: no HTTP answer
    failure: str | None  # stable word: timeout | connection | tls | url_not_allowed | status
    response: str | None  # first 1,000 characters of the answer


@dataclass(frozen=True)
class RetrySchedule:
    """Delay in seconds before each attempt, the first one included."""

    delays_s: tuple[float, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a setting such as "0,5,60,300". Raises ValueError."""
        delays = tuple(float(word) for word in text.split(","))
        if any(delay < 0 for delay in delays):
            raise ValueError(f"A retry delay is negative: {text}")
        return cls(delays)

    def delay_after(self, attempts: int, *, retry_after_s: int | None, jitter: float) -> float | None:
        """Seconds until the next attempt after `attempts` failed ones; None when the schedule is exhausted.

        `jitter` is uniform in [0, 1). The endpoint's Retry-After can only lengthen a delay.
        """
        if attempts >= len(self.delays_s):
            return None
        spread = 1 - JITTER + 2 * JITTER * jitter
        return max(self.delays_s[attempts] * spread, min(retry_after_s or 0, MAX_RETRY_AFTER_S))


def is_settled(delivery: Delivery) -> bool:
    return delivery.state in (DeliveryState.DELIVERED, DeliveryState.DEAD)


def is_claimed(delivery: Delivery, now: datetime) -> bool:
    return delivery.claimed_until is not None and now < delivery.claimed_until


def claim(delivery: Delivery, now: datetime, *, lease: timedelta, grace: timedelta) -> Delivery:
    """Reserve the next attempt for one sender; the sweeper stays away until the lease and a grace have passed."""
    until = now + lease
    return delivery.model_copy(
        update={
            "claimed_until": until,
            "next_attempt_at": until + grace,
            "holds": 0,
            "updated_at": now,
            "version": delivery.version + 1,
        }
    )


def settle(
    delivery: Delivery,
    to: DeliveryState,
    now: datetime,
    *,
    attempts: int,
    status: int | None,
    next_attempt_at: datetime | None = None,
    retry_at: datetime | None = None,
) -> Delivery:
    """The delivery after an attempt, or after it was given up. Raises InvalidTransition."""
    return delivery.model_copy(
        update={
            "state": check_edge(DELIVERY_EDGES, delivery.state, to),
            "attempts": attempts,
            "last_status": status,
            "claimed_until": None,
            "next_attempt_at": next_attempt_at,
            "retry_at": retry_at,
            "updated_at": now,
            "version": delivery.version + 1,
        }
    )


def revive(delivery: Delivery, now: datetime, *, next_attempt_at: datetime, replay_id: str | None = None) -> Delivery:
    """A dead or delivered one back at the start of its schedule. Raises InvalidTransition."""
    return delivery.model_copy(
        update={
            "state": check_edge(DELIVERY_EDGES, delivery.state, DeliveryState.PENDING),
            "redriven_after": delivery.attempts,
            "replay_id": replay_id or delivery.replay_id,
            "next_attempt_at": next_attempt_at,
            "updated_at": now,
            "version": delivery.version + 1,
        }
    )


def is_early(delivery: Delivery, now: datetime) -> bool:
    """The message is a copy: the one that belongs to `retry_at`, or else the sweeper's, comes later."""
    return delivery.retry_at is not None and now < delivery.retry_at - CLOCK_SKEW


def hold(delivery: Delivery, now: datetime, *, until: datetime, next_attempt_at: datetime) -> Delivery:
    """The same delivery, whose attempt is put off because its endpoint has no room. No attempt is used up."""
    return delivery.model_copy(
        update={
            "retry_at": until,
            "next_attempt_at": next_attempt_at,
            "holds": delivery.holds + 1,
            "updated_at": now,
            "version": delivery.version + 1,
        }
    )


def postpone(delivery: Delivery, now: datetime, *, next_attempt_at: datetime) -> Delivery:
    """The same delivery, with the sweeper coming back at `next_attempt_at`."""
    return delivery.model_copy(
        update={"next_attempt_at": next_attempt_at, "updated_at": now, "version": delivery.version + 1}
    )
