"""A tenant whose endpoints all hang must not slow the other tenants: as test_slow_endpoints, at the worst moment.

At worst each sender that SQS invokes holds one message. The endpoints answer just in time, so that no circuit opens.
"""

import random
from datetime import datetime, timedelta
from statistics import quantiles

import pytest

from sluice.domain import endpoint_health
from sluice.service.deliveries import deliver
from sluice.service.webhook_ports import Answer
from sluice.service.webhooks import MAX_WEBHOOKS
from tests.fakes.webhook_sender import Post, ok
from tests.unit.virtual_time import VirtualTime
from tests.unit.webhook_world import WebhookWorld

SENDERS = 200  # as infra/constructs/webhook_delivery allows
EVENTS, EVENTS_PER_S, ENDPOINTS = 30, 6, 3
BACKLOG = 5  # events of the hanging tenant, at each of its endpoints
ANSWERS_IN_S, HANGS_FOR_S, NEVER_S = 0.1, 14.5, 3600


class City:
    def __init__(self, *, hangs: bool) -> None:
        self.time = VirtualTime()
        self.well = WebhookWorld(now=self.time)  # type: ignore[arg-type]  # nobody ticks it
        shared = {"now": self.time, "new_id": self.well.new_id, "records": self.well.records}
        self.slow = WebhookWorld(**shared, sender=self.well.sender)  # type: ignore[arg-type]
        self.slow.queue = self.well.queue
        self.slow.with_ports(queue=self.well.queue)
        self.hangs, self.over = hangs, False
        self.dice = random.Random(7)
        self.happened: dict[str, datetime] = {}
        self.waited_s: list[float] = []
        self.hanging = self.most = 0
        self.well.sender.answer = self.answer
        self.well.with_ports(jitter=self.dice.random)

    def answer(self, post: Post) -> Answer:
        if post.headers["webhook-id"] not in self.happened:
            self.hanging += 1
            self.most = max(self.most, self.hanging)
            self.time.sleep(HANGS_FOR_S if self.hangs else ANSWERS_IN_S)
            self.hanging -= 1
            return ok(post)
        self.time.sleep(ANSWERS_IN_S)
        self.waited_s.append((self.time() - self.happened[post.headers["webhook-id"]]).total_seconds())
        return ok(post)

    def emit(self) -> None:
        for _ in range(BACKLOG):
            self.slow.dispatch(self.slow.event())
        for _ in range(EVENTS):
            event = self.well.event()
            self.happened[event.id] = self.time()
            self.well.dispatch(event)
            self.time.sleep(self.dice.uniform(0.5, 1.5) / EVENTS_PER_S)
        self.time.sleep(2)
        self.over = True

    def send(self) -> None:
        while not self.over:
            if taken := self.well.queue.take(1, timedelta(minutes=3)):
                deliver(taken[0].message, ports=self.well.ports)
                self.well.queue.delete(taken[0].receipt)
            else:
                self.time.sleep(0.2)

    def p99_s(self) -> float:
        for number in range(ENDPOINTS):
            self.well.endpoint(url=f"https://well-{number}.example")
        for number in range(MAX_WEBHOOKS):
            self.slow.endpoint(url=f"https://slow-{number}.example")
        self.time.run([self.emit, *[self.send] * SENDERS])
        never = EVENTS * ENDPOINTS - len(self.waited_s)
        return quantiles([*self.waited_s, *[NEVER_S] * never], n=100)[98]


def test_a_tenant_whose_endpoints_all_hang_leaves_the_others_alone(capsys: pytest.CaptureFixture[str]) -> None:
    normal, city = City(hangs=False).p99_s(), City(hangs=True)
    beside = city.p99_s()
    with capsys.disabled():
        print(f"\nhanging_tenant_p99_ratio {beside / normal:.3g} (normal {normal:.3g} s, {city.most} hang)", end=" ")
    assert beside < 2 * normal
    assert endpoint_health.TENANT_IN_FLIGHT * 0.9 <= city.most <= endpoint_health.TENANT_IN_FLIGHT


def test_without_a_share_it_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_health, "TENANT_IN_FLIGHT", 10 * MAX_WEBHOOKS)
    city = City(hangs=True)
    assert city.p99_s() > 10 * ANSWERS_IN_S and city.most == SENDERS


@pytest.mark.parametrize(("siblings", "slots"), [(1, 10), (10, 10), (11, 9), (34, 2), (50, 2), (200, 1)])
def test_the_slots_of_one_endpoint(siblings: int, slots: int) -> None:
    endpoint = WebhookWorld().endpoint()
    assert endpoint_health.slots_of(endpoint, siblings) == slots
    throttled = endpoint.model_copy(update={"max_per_second": 1})
    assert endpoint_health.slots_of(throttled, siblings) == 1
