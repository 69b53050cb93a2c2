"""SQS as deliveries see it: delays, visibility, at-least-once; on a clock that moves when told to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.models import Delivery
from sluice.service.ports import Clock
from sluice.service.webhook_ports import DeadLetter

VISIBILITY = timedelta(seconds=180)
HIDDEN = timedelta(seconds=120)


@dataclass
class Held:
    receipt: str
    message: DeliveryMessage
    group: str
    visible_at: datetime


class Mailbox:
    def __init__(self, now: Clock) -> None:
        self._now = now
        self._numbers = count(1)
        self.held: dict[str, Held] = {}

    def put(self, delivery: Delivery, delay_s: int) -> None:
        assert 0 <= delay_s <= 900, "SQS refuses other delays"
        receipt = f"receipt-{next(self._numbers)}"
        visible_at = self._now() + timedelta(seconds=delay_s)
        self.held[receipt] = Held(receipt, DeliveryMessage.of(delivery), delivery.webhook_id, visible_at)

    def take(self, limit: int, hidden: timedelta) -> list[Held]:
        ready = [held for held in self.held.values() if held.visible_at <= self._now()][:limit]
        for held in ready:
            held.visible_at = self._now() + hidden
        return ready


class FakeDeliveryQueue(Mailbox):
    def send(self, delivery: Delivery, *, delay_s: int) -> None:
        self.put(delivery, delay_s)

    def receive(self) -> list[Held]:
        """The consumer's side, which is Lambda's: hidden until deleted or the visibility timeout has passed."""
        return self.take(10, VISIBILITY)

    def delete(self, receipt: str) -> None:
        self.held.pop(receipt, None)


class FakeDeadLetterQueue(Mailbox):
    def send(self, delivery: Delivery) -> None:
        self.put(delivery, 0)

    def receive(self) -> list[DeadLetter]:
        return [DeadLetter(held.message, held.receipt) for held in self.take(10, HIDDEN)]

    def delete(self, letter: DeadLetter) -> None:
        self.held.pop(letter.receipt, None)
