"""Every event reaches every endpoint that wants it as exactly one delivery, however often dispatch runs or dies."""

from datetime import timedelta

import pytest

from sluice.domain.errors import WriteConflict
from sluice.domain.events import EventType
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import Outcome
from sluice.service.ports import Create, Write
from sluice.service.webhook_ports import Answer
from tests.fakes.records import FakeRecords
from tests.fakes.webhook_sender import Post, ok
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def test_one_delivery_for_each_endpoint_that_wants_the_type(world: WebhookWorld) -> None:
    everything, transcodes = world.endpoint("*"), world.endpoint("asset.deleted", "transcode.*")
    world.endpoint("upload.*")
    event = world.event(EventType.TRANSCODE_READY)
    queued = world.dispatch(event)
    assert {delivery.webhook_id for delivery in queued} == {everything.id, transcodes.id}
    assert {held.message.webhook_id for held in world.queue.held.values()} == {everything.id, transcodes.id}
    assert world.delivery(everything, event).state is DeliveryState.PENDING


def test_messages_are_grouped_by_endpoint(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.dispatch(world.event())
    assert [held.group for held in world.queue.held.values()] == [endpoint.id]


def test_a_disabled_endpoint_gets_nothing(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.records.rows.update(
        {key: row.model_copy(update={"enabled": False}) for key, row in world.records.rows.items() if row == endpoint}
    )
    assert world.dispatch(world.event()) == []


def test_a_dispatched_event_leaves_the_work_list(world: WebhookWorld) -> None:
    world.endpoint()
    event = world.event()
    world.now.tick(minutes=2)
    assert world.records.undispatched_events(before=world.now(), limit=10) == [event]
    world.dispatch(event)
    assert world.records.undispatched_events(before=world.now(), limit=10) == []


def test_an_event_without_endpoints_leaves_the_work_list_too(world: WebhookWorld) -> None:
    event = world.event()
    world.dispatch(event)
    world.now.tick(minutes=2)
    assert world.records.undispatched_events(before=world.now(), limit=10) == []


def test_dispatching_again_makes_no_second_delivery(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    first = world.delivery(endpoint, event)
    world.dispatch(event)
    assert world.delivery(endpoint, event) == first
    world.work()
    world.dispatch(event)  # delivered meanwhile: not even a message
    world.work()
    assert len(world.sender.posts) == 1


def test_a_doubled_event_does_not_disturb_a_running_attempt(world: WebhookWorld) -> None:
    world.endpoint()
    event = world.event()
    world.dispatch(event)

    def dispatch_meanwhile(post: Post) -> Answer:
        assert world.dispatch(event) == []
        return ok(post)

    world.sender.answer = dispatch_meanwhile
    assert world.work() == [Outcome.DELIVERED]


def test_a_failing_queue_is_met_again(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()

    class Down:
        def send(self, delivery: object, *, delay_s: int) -> None:
            raise ConnectionError("SQS is down")

    working = world.ports.queue
    world.with_ports(queue=Down())
    with pytest.raises(ConnectionError):
        world.dispatch(event)
    assert world.records.undispatched_events(before=world.now() + timedelta(days=1), limit=10) == [event]
    world.with_ports(queue=working)
    world.dispatch(event)  # the stream repeats the record
    world.work()
    assert world.delivery(endpoint, event).state is DeliveryState.DELIVERED


def test_a_collision_is_not_taken_for_a_duplicate(world: WebhookWorld) -> None:
    world.endpoint()
    event = world.event()

    class Colliding(FakeRecords):
        def commit(self, *writes: Write) -> None:
            if any(isinstance(write, Create) for write in writes):
                raise WriteConflict()
            super().commit(*writes)

    colliding = Colliding()
    colliding.rows = world.records.rows
    world.with_ports(records=colliding)
    with pytest.raises(WriteConflict):
        world.dispatch(event)
    world.now.tick(minutes=2)
    assert world.records.undispatched_events(before=world.now(), limit=10) == [event]


def test_a_lost_message_is_sent_by_the_sweeper(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    world.queue.held.clear()
    world.now.tick(seconds=59)
    world.sweep()
    assert world.queue.held == {}, "the queue's own time is not up"
    world.now.tick(seconds=2)
    world.sweep()
    world.work()
    assert world.delivery(endpoint, event).state is DeliveryState.DELIVERED


def test_a_waiting_message_is_not_doubled_every_minute(world: WebhookWorld) -> None:
    world.endpoint()
    world.dispatch(world.event())
    for _ in range(5):
        world.now.tick(minutes=1)
        world.sweep()
    assert len(world.queue.held) == 2
