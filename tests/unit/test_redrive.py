"""Dead deliveries start again, and no letter is thrown away while it may be the only one."""

import pytest

from sluice.domain.events import Event
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import Outcome
from sluice.service.redelivery import Redriven
from sluice.service.webhook_ports import Answer
from tests.fakes.webhook_sender import Post, ok, status
from tests.unit.webhook_world import SCHEDULE, WebhookWorld


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def dead(world: WebhookWorld) -> tuple[WebhookEndpoint, Event]:
    """A delivery that used up its schedule."""
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.sender.answer = status(500)
    for _ in SCHEDULE.delays_s:
        world.work()
        world.now.tick(minutes=10)
    assert world.delivery(endpoint, event).state is DeliveryState.DEAD
    return endpoint, event


def test_a_dead_delivery_is_delivered(world: WebhookWorld) -> None:
    pair = dead(world)
    world.sender.answer = ok
    assert world.redrive() == Redriven(sent=1, dropped=0, kept=0)
    assert not world.dead_letters.held
    assert world.work() == [Outcome.DELIVERED]
    assert world.delivery(*pair).attempts == len(SCHEDULE.delays_s) + 1
    assert len({post.headers["webhook-id"] for post in world.sender.posts}) == 1


def test_the_whole_schedule_runs_again(world: WebhookWorld) -> None:
    pair = dead(world)
    world.redrive()
    outcomes = []
    for _ in SCHEDULE.delays_s:
        outcomes += world.work()
        world.now.tick(minutes=10)
    assert outcomes == [Outcome.RETRYING] * 3 + [Outcome.DEAD]
    assert [attempt.number for attempt in world.attempts()] == list(range(1, 9))
    assert len(world.dead_letters.held) == 1
    assert world.delivery(*pair).redriven_after == 4


def test_a_lost_redrive_message_is_sent_by_the_sweeper(world: WebhookWorld) -> None:
    pair = dead(world)
    world.redrive()
    world.queue.held.clear()
    world.sender.answer = ok
    world.now.tick(seconds=61)
    world.sweep()
    world.work()
    assert world.delivery(*pair).state is DeliveryState.DELIVERED


def test_a_doubled_letter_changes_nothing(world: WebhookWorld) -> None:
    pair = dead(world)
    world.dead_letters.send(world.delivery(*pair))
    world.redrive()
    world.sender.answer = ok
    world.work()
    assert len(world.sender.posts) == len(SCHEDULE.delays_s) + 1


def test_the_letter_of_a_delivered_event_is_dropped(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.dead_letters.send(world.delivery(endpoint, event))
    world.work()
    assert world.redrive() == Redriven(sent=0, dropped=1, kept=0)
    assert not world.queue.held


def test_a_letter_that_sqs_moved_sends_the_delivery_again(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.dead_letters.send(world.delivery(endpoint, event))  # its consumer crashed five times
    world.queue.held.clear()
    assert world.redrive() == Redriven(sent=0, dropped=1, kept=0)
    assert world.work() == [Outcome.DELIVERED]


def test_the_letter_of_a_delivery_that_is_just_dying_is_kept(world: WebhookWorld) -> None:
    """An operator redrives between our letter and the write that makes the delivery dead."""
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    found = []

    def redrive_meanwhile(post: Post) -> Answer:
        world.dead_letters.send(world.delivery(endpoint, event))
        found.append(world.redrive())
        return status(500)(post)

    world.sender.answer = redrive_meanwhile
    world.work()
    assert found == [Redriven(sent=0, dropped=0, kept=1)]
    assert len(world.dead_letters.held) == 1


def test_a_limit_leaves_the_rest(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    for _ in range(25):
        world.dispatch(world.event())
    world.sender.answer = status(500)
    for _ in SCHEDULE.delays_s:
        world.work()
        world.now.tick(minutes=10)
    assert len(world.dead_letters.held) == 25
    from sluice.service.redelivery import redrive

    done = redrive(records=world.records, queue=world.queue, dead_letters=world.dead_letters, now=world.now, limit=10)
    assert done.sent == 10 and len(world.dead_letters.held) == 15
    world.now.tick(minutes=5)
    assert world.redrive().sent == 15
    assert endpoint.enabled
