"""Doubled messages, frozen senders, fast consumers: an attempt counts once, and endpoints are spared the copies."""

import pytest

from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.events import Event
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import Outcome, deliver
from sluice.service.webhook_ports import Answer
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.webhook_sender import Post, status
from tests.unit.webhook_world import SCHEDULE, WebhookWorld


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


@pytest.fixture
def pair(world: WebhookWorld) -> tuple[WebhookEndpoint, Event]:
    """An endpoint and an event whose delivery is queued."""
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    return endpoint, event


def message_of(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> DeliveryMessage:
    return DeliveryMessage.of(world.delivery(*pair))


def test_a_doubled_message_after_success(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    message = message_of(world, pair)
    world.work()
    assert deliver(message, ports=world.ports) is Outcome.SUPERSEDED
    assert len(world.sender.posts) == 1


def test_a_doubled_message_after_failure_does_not_come_early(
    world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]
) -> None:
    message = message_of(world, pair)
    world.sender.answer = status(500)
    world.work()
    assert deliver(message, ports=world.ports) is Outcome.SUPERSEDED
    assert world.delivery(*pair).attempts == 1


def test_a_doubled_message_while_the_first_is_sending(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    message = message_of(world, pair)
    seconds = []

    def deliver_again_meanwhile(post: Post) -> Answer:
        seconds.append(deliver(message, ports=world.ports))
        return status(500)(post)

    world.sender.answer = deliver_again_meanwhile
    assert world.work() == [Outcome.RETRYING]
    assert seconds == [Outcome.SUPERSEDED]
    assert len(world.sender.posts) == 1 and world.delivery(*pair).attempts == 1


@pytest.mark.parametrize(
    ("late", "outcome", "state"),
    [
        (200, Outcome.DELIVERED, DeliveryState.DELIVERED),
        (500, Outcome.SUPERSEDED, DeliveryState.RETRYING),
    ],
)
def test_a_sender_that_outlives_its_claim_counts_once(
    world: WebhookWorld, pair: tuple[WebhookEndpoint, Event], late: int, outcome: Outcome, state: DeliveryState
) -> None:
    [held] = world.queue.receive()
    world.queue.delete(held.receipt)

    def overtaken(post: Post) -> Answer:
        world.sender.answer = status(500)
        world.now.tick(minutes=5)  # frozen for longer than the lease
        assert deliver(held.message, ports=world.ports) is Outcome.RETRYING
        return status(late)(post)

    world.sender.answer = overtaken
    assert deliver(held.message, ports=world.ports) is outcome
    assert (world.delivery(*pair).attempts, world.delivery(*pair).state) == (1, state)
    assert len(world.queue.held) == 1, "one message for the second attempt"


def test_a_message_is_sent_only_for_what_is_stored(world: WebhookWorld) -> None:
    """Otherwise a fast consumer would take it for a duplicate and drop it."""

    class Checking(FakeDeliveryQueue):
        def send(self, delivery: Delivery, *, delay_s: int) -> None:
            stored = world.records.delivery(delivery.tenant_id, delivery.webhook_id, delivery.event_id)
            assert stored == delivery
            super().send(delivery, delay_s=delay_s)

    world.queue = Checking(world.now)
    world.with_ports(queue=world.queue)
    world.sender.answer = status(500)
    world.endpoint()
    world.dispatch(world.event())
    for _ in range(len(SCHEDULE.delays_s)):
        world.work()
        world.now.tick(minutes=6)
    assert world.redrive().sent == 1
    assert world.work() == [Outcome.RETRYING]
