"""A batch of the stream that is more than one invocation can do: each does some of it, and nothing is done twice."""

from collections import Counter
from typing import Any

import pytest

from functions.dispatch_events import handler
from sluice import bootstrap
from sluice.adapters.items import from_item, to_item
from sluice.domain.events import Event
from sluice.domain.models import Delivery
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.gateway import LambdaContext
from tests.fakes.time import FakeClock
from tests.unit.test_webhook_functions import stream_record
from tests.unit.webhook_world import WebhookWorld

ENDPOINTS, EVENTS, TIMEOUT_S = 50, 8, 60


class TimedOut(BaseException):
    """Lambda ends the process: nothing is answered."""


class Invocation(LambdaContext):
    def __init__(self, now: FakeClock) -> None:
        self._now, self._began = now, now()

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (TIMEOUT_S - (self._now() - self._began).total_seconds()))


class SlowQueue(FakeDeliveryQueue):
    invocation: Invocation
    sent: Counter[tuple[str, str]]

    def send(self, delivery: Delivery, *, delay_s: int) -> None:
        self._now.tick(seconds=0.3)
        if self.invocation.get_remaining_time_in_millis() <= 0:
            raise TimedOut
        self.sent[(delivery.webhook_id, delivery.event_id)] += 1
        super().send(delivery, delay_s=delay_s)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> WebhookWorld:
    made = WebhookWorld()
    made.queue = SlowQueue(made.now)
    made.queue.sent = Counter()
    deps = bootstrap.DispatchEvents(
        environment="dev",
        records=made.records,
        now=made.now,
        new_id=made.new_id,
        queue=made.queue,
        read_event=lambda image: from_item(Event, image),
    )
    monkeypatch.setattr(handler, "deps", lambda: deps)
    return made


def invoke(world: WebhookWorld, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rest of the batch, from the first record that was not done, as the stream repeats it."""
    assert isinstance(world.queue, SlowQueue)
    world.queue.invocation = Invocation(world.now)
    failed = handler.lambda_handler({"Records": records}, world.queue.invocation)["batchItemFailures"]
    numbers = [int(one["itemIdentifier"]) for one in failed]
    return [one for one in records if numbers and int(one["dynamodb"]["SequenceNumber"]) >= min(numbers)]


def test_every_invocation_does_a_part_and_none_times_out(world: WebhookWorld) -> None:
    for _ in range(ENDPOINTS):
        world.endpoint()
    events = [world.event() for _ in range(EVENTS)]
    left = [stream_record(number, to_item(event)) for number, event in enumerate(events, start=1)]
    sizes = []
    while left:
        sizes.append(len(left))
        left = invoke(world, left)
        assert len(left) < sizes[-1], "no progress"
    assert sizes == [8, 5, 2], "three events of fifteen seconds each leave less than a fourth may need"
    assert isinstance(world.queue, SlowQueue)
    assert len(world.queue.sent) == ENDPOINTS * EVENTS and set(world.queue.sent.values()) == {1}


def test_what_is_done_is_not_done_again(world: WebhookWorld) -> None:
    """Nor sent again, when a batch comes again whole."""
    world.endpoint()
    events = [world.event() for _ in range(EVENTS)]
    batch = [stream_record(number, to_item(event)) for number, event in enumerate(events, start=1)]
    assert [invoke(world, batch) for _ in range(2)] == [[], []]
    assert isinstance(world.queue, SlowQueue) and set(world.queue.sent.values()) == {1}
