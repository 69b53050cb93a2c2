"""Endpoints that are switched off by what they answer, and the event that tells of it."""

import json
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from sluice.domain.endpoint_health import GIVE_UP_AFTER
from sluice.domain.event_schemas import schema_of
from sluice.domain.events import Event, EventType
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.webhooks import WebhookChange, change_webhook
from tests.fakes.faults import Died, DieOnce, Fallible
from tests.fakes.webhook_sender import ok, status
from tests.unit.webhook_world import WebhookWorld

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def stored(world: WebhookWorld, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    found = world.records.webhook(world.tenant.id, endpoint.id)
    assert found
    return found


def told(world: WebhookWorld) -> list[Event]:
    rows = [row for row in world.records.rows.values() if isinstance(row, Event)]
    return [event for event in rows if event.type is EventType.WEBHOOK_ENDPOINT_DISABLED]


def fail_for(world: WebhookWorld, span: timedelta, *, every: int = 1) -> None:
    """An event in so many hours, and none of them arrives."""
    until = world.now() + span
    while world.now() < until:
        world.dispatch(world.event())
        world.work()
        world.now.tick(hours=every)


def enable(world: WebhookWorld, endpoint: WebhookEndpoint) -> None:
    change = WebhookChange(endpoint.id, world.tenant.id, None, {"enabled": True})
    change_webhook(change, records=world.records, sender=world.sender, now=world.now)


def test_five_days_of_failure_switch_an_endpoint_off(world: WebhookWorld) -> None:
    endpoint = world.endpoint(url="https://down.example")
    world.sender.answer = status(500)
    first = world.now()
    fail_for(world, GIVE_UP_AFTER)
    assert stored(world, endpoint).enabled and not told(world)
    fail_for(world, 2 * HOUR)
    assert (stored(world, endpoint).enabled, stored(world, endpoint).disabled_reason) == (False, "failing")
    [event] = told(world)
    body = json.loads(event.body)
    Draft202012Validator(schema_of(event.type)).validate(body)
    since = body["data"].pop("failing_since")
    assert body["data"] == {"webhook_id": endpoint.id, "reason": "failing"} and body["sequence"] is None
    assert since == f"{first:%Y-%m-%dT%H:%M:%S}.000Z"


def test_one_success_starts_the_five_days_anew(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.sender.answer = status(500)
    fail_for(world, GIVE_UP_AFTER - HOUR)
    world.sender.answer = ok
    world.dispatch(world.event())
    world.work()
    world.sender.answer = status(500)
    fail_for(world, GIVE_UP_AFTER - HOUR)
    assert stored(world, endpoint).enabled


def test_the_others_are_told_and_the_endpoint_is_not(world: WebhookWorld) -> None:
    gone, other = world.endpoint(url="https://gone.example"), world.endpoint(url="https://other.example")
    world.sender.answer = lambda post: status(410)(post) if post.url == gone.url else ok(post)
    world.dispatch(world.event())
    world.work()
    [event] = told(world)
    assert stored(world, gone).disabled_reason == "gone"
    world.now.tick(minutes=2)
    world.sweep()  # the stream lost it
    world.work()
    assert [post.url for post in world.sender.posts if post.headers["webhook-id"] == event.id] == [other.url]
    assert world.delivery(other, event).state is DeliveryState.DELIVERED


def test_switched_on_again_it_starts_well(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.sender.answer = status(500)
    fail_for(world, GIVE_UP_AFTER + 2 * HOUR)
    assert not stored(world, endpoint).enabled
    enable(world, endpoint)
    assert (stored(world, endpoint).enabled, stored(world, endpoint).disabled_reason) == (True, None)
    fail_for(world, 3 * HOUR)
    assert stored(world, endpoint).enabled
    assert len(told(world)) == 1


@pytest.mark.parametrize("code", [410, 500])
def test_it_is_told_if_and_only_if_it_is_off(code: int) -> None:
    """Whatever call the process dies before or after."""
    for step in range(60):
        world = WebhookWorld()
        endpoint = world.endpoint()
        world.sender.answer = status(500)
        fail_for(world, GIVE_UP_AFTER if code == 500 else HOUR, every=24)
        world.dispatch(world.event())
        world.sender.answer = status(code)
        healthy, plan = world.ports, DieOnce(step)
        names = ("records", "sender", "queue")
        world.with_ports(**{name: Fallible(getattr(world.ports, name), plan) for name in names})
        world.work(lambda error: isinstance(error, Died))
        world.ports = healthy
        assert len(told(world)) == (not stored(world, endpoint).enabled)
        for _ in range(3):
            world.now.tick(minutes=10)
            world.sweep()
            world.work()
        assert not stored(world, endpoint).enabled and len(told(world)) == 1
