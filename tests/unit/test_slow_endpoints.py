"""An endpoint that hangs must not slow the others: real use cases, 50 senders in threads, a clock that only jumps."""

import math
import random
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

import pytest

from sluice.domain import endpoint_health
from sluice.domain.events import Event
from sluice.domain.models import WebhookEndpoint
from sluice.service.deliveries import deliver
from sluice.service.webhook_ports import Answer, SendFailed
from tests.fakes.webhook_sender import Post, ok
from tests.unit.virtual_time import VirtualTime
from tests.unit.webhook_world import WebhookWorld

SENDERS = 50  # as many as SQS invokes at once; a batch of ten in each only adds room
HEALTHY, EVENTS_PER_S, SECONDS = 9, 5, 25
ANSWERS_IN_S, HANGS_FOR_S = 0.1, 15
HANGING = "https://hangs.example"


class Town:
    def __init__(self, *, hangs: bool) -> None:
        self.time = VirtualTime()
        self.world = WebhookWorld(now=self.time)  # type: ignore[arg-type]  # nobody ticks it
        self.dice = random.Random(7)
        self.hangs = hangs
        self.waited_s: list[float] = []  # from the event to its first attempt's end, at healthy endpoints
        self.happened: dict[str, datetime] = {}
        self.over = False
        self.world.sender.answer = self.answer
        self.world.with_ports(jitter=self.dice.random)

    def answer(self, post: Post) -> Answer:
        if post.url == HANGING and self.hangs:
            self.time.sleep(HANGS_FOR_S)
            raise SendFailed("timeout", HANGS_FOR_S * 1000)
        self.time.sleep(ANSWERS_IN_S)
        if post.url != HANGING:
            since = self.happened[post.headers["webhook-id"]]
            self.waited_s.append((self.time() - since).total_seconds())
        return ok(post)

    def emit(self) -> None:
        for _ in range(EVENTS_PER_S * SECONDS):
            event: Event = self.world.event()
            self.happened[event.id] = self.time()
            self.world.dispatch(event)
            self.time.sleep(self.dice.uniform(0.5, 1.5) / EVENTS_PER_S)
        self.time.sleep(5)
        self.over = True

    def send(self) -> None:
        while not self.over:
            if taken := self.world.queue.take(1, timedelta(minutes=3)):
                deliver(taken[0].message, ports=self.world.ports)
                self.world.queue.delete(taken[0].receipt)
            else:
                self.time.sleep(0.05)

    def p99_s(self) -> float:
        for number in range(HEALTHY):
            self.world.endpoint(url=f"https://well-{number}.example")
        self.world.endpoint(url=HANGING)
        self.time.run([self.emit, *[self.send] * SENDERS])
        never = EVENTS_PER_S * SECONDS * HEALTHY - len(self.waited_s)
        return quantiles([*self.waited_s, *[math.inf] * never], n=100)[98]


def test_a_hanging_endpoint_leaves_the_others_p99_alone(capsys: pytest.CaptureFixture[str]) -> None:
    normal, beside = Town(hangs=False).p99_s(), Town(hangs=True).p99_s()
    with capsys.disabled():
        print(f"\nhanging_endpoint_p99_ratio {beside / normal:.3g} (normal {normal:.3g} s)", end=" ")
    assert beside < 2 * normal


def test_without_slots_and_circuit_it_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def everybody(gate: Any, endpoint: WebhookEndpoint, now: datetime, **about: Any) -> endpoint_health.SendSlot:
        taken = {slot.number: slot for slot in gate.slots}
        return endpoint_health.SendSlot(
            tenant_id=endpoint.tenant_id,
            webhook_id=endpoint.id,
            number=int(about["choice"] * 10**6) + len(taken),
            event_id=about["event_id"],
            taken_at=now,
            free_at=now,
        )

    monkeypatch.setattr("sluice.service.deliveries.admit", everybody)
    town = Town(hangs=True)
    assert town.p99_s() > 10 * ANSWERS_IN_S
