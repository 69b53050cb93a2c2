"""The process dies before or after any single call to the outside: nothing is lost, nothing stays half done."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from sluice.domain.deliveries import RetrySchedule
from sluice.domain.states import DeliveryState
from sluice.service.feed import end_of_feed
from tests.fakes.faults import Died, DieOnce, Fallible
from tests.fakes.webhook_sender import ok, status
from tests.unit.webhook_world import WebhookWorld

PORTS = ("records", "sender", "secrets", "queue", "dead_letters")


def mortal(world: WebhookWorld, plan: DieOnce) -> None:
    world.with_ports(**{name: Fallible(getattr(world.ports, name), plan) for name in PORTS})


def once(world: WebhookWorld, plan: DieOnce, act: Callable[[], object]) -> None:
    """One run of `act` that may die; what follows does not."""
    healthy = world.ports
    mortal(world, plan)
    with suppress(Died):
        act()
    world.ports = healthy


def is_death(error: BaseException) -> bool:
    return isinstance(error, Died)


def settle(world: WebhookWorld) -> None:
    """An hour of ordinary operation after the crash."""
    for _ in range(60):
        world.work(is_death)
        world.now.tick(minutes=1)
        with suppress(Died):
            world.sweep()


def steps_of(scenario: Callable[[DieOnce], object]) -> range:
    """Every step of a scenario that nothing disturbs."""
    plan = DieOnce()
    scenario(plan)
    assert plan.seen > 0
    return range(plan.seen)


def dispatching(plan: DieOnce) -> WebhookWorld:
    world = WebhookWorld()
    endpoints = [world.endpoint(), world.endpoint()]
    event = world.event()
    once(world, plan, lambda: world.dispatch(event))
    settle(world)
    for endpoint in endpoints:
        assert world.delivery(endpoint, event).state is DeliveryState.DELIVERED
    assert len(world.sender.posts) == 2, "a crash while dispatching delivers nothing twice"
    return world


def dispatching_a_batch(plan: DieOnce) -> WebhookWorld:
    """Some may have their messages already: the stream and the sweeper begin with all that have no place."""
    world = WebhookWorld()
    endpoint = world.endpoint()
    events = [world.event() for _ in range(3)]
    once(world, plan, lambda: world.dispatch_batch(events))
    world.dispatch_batch(events)
    settle(world)
    assert all(world.delivery(endpoint, event).state is DeliveryState.DELIVERED for event in events)
    assert end_of_feed(world.tenant.id, records=world.records).number == 3
    assert len(world.sender.posts) == 3
    return world


def delivering(plan: DieOnce) -> WebhookWorld:
    world = WebhookWorld()
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.sender.answer = lambda post: (ok if len(world.sender.posts) > 1 else status(500))(post)
    mortal(world, plan)
    settle(world)
    delivery = world.delivery(endpoint, event)
    assert delivery.state is DeliveryState.DELIVERED
    assert {post.headers["webhook-id"] for post in world.sender.posts} == {event.id}
    assert [attempt.number for attempt in world.attempts()] == list(range(1, delivery.attempts + 1))
    assert len(world.sender.posts) <= delivery.attempts + 1, "at most one send more than was recorded"
    return world


def dying(plan: DieOnce) -> WebhookWorld:
    world = WebhookWorld()
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.sender.answer = status(500)
    world.with_ports(schedule=RetrySchedule((0, 5)))
    healthy = world.ports
    mortal(world, plan)
    settle(world)
    assert world.delivery(endpoint, event).state is DeliveryState.DEAD
    assert world.dead_letters.held, "a dead delivery always has a letter"
    world.ports = healthy
    world.sender.answer = ok
    world.redrive()
    settle(world)
    assert world.delivery(endpoint, event).state is DeliveryState.DELIVERED
    return world


def redriving(plan: DieOnce) -> WebhookWorld:
    world = WebhookWorld()
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.with_ports(schedule=RetrySchedule((0,)))
    world.sender.answer = status(500)
    world.work()
    world.sender.answer = ok
    once(world, plan, world.redrive)
    settle(world)
    world.redrive()
    settle(world)
    assert world.delivery(endpoint, event).state is DeliveryState.DELIVERED
    assert not world.dead_letters.held
    assert len(world.sender.posts) == 2, "a crash while redriving delivers nothing twice"
    return world


@pytest.mark.parametrize("scenario", [dispatching, dispatching_a_batch, delivering, dying, redriving])
def test_dying_at_any_step_loses_nothing(scenario: Callable[[DieOnce], WebhookWorld]) -> None:
    for step in steps_of(scenario):
        world = scenario(DieOnce(step))
        assert not world.records.due_deliveries(before=world.now() + timedelta(days=1), limit=10), f"step {step}"


def test_dying_between_sending_and_recording_repeats_the_same_id() -> None:
    world = WebhookWorld()
    world.endpoint()
    event = world.event()
    world.dispatch(event)

    def die_after_sending(name: str) -> None:
        if name == "save_attempt":
            raise Died(name)

    healthy = world.records
    world.with_ports(records=Fallible(healthy, die_after_sending))
    world.work(is_death)
    world.with_ports(records=healthy)
    world.now.tick(seconds=181)  # the message is visible again
    world.work()
    assert [post.headers["webhook-id"] for post in world.sender.posts] == [event.id, event.id]
