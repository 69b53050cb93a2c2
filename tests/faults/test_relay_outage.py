"""Thirty hours without a relay: the stream has forgotten the events (it keeps 24 h), the table has not."""

from sluice.domain.states import DeliveryState
from sluice.service.reconcile import Reconciler, reconcile
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.pipeline import FakeExecutions
from tests.fakes.thumbnails import FakeThumbnailMaker
from tests.fakes.transcoding import FakeMediaObjects
from tests.unit.webhook_world import WebhookWorld
from tests.unit.world import World


def test_an_event_of_a_long_outage_is_delivered_after_it() -> None:
    world, rest = WebhookWorld(), World()
    endpoint, events = world.endpoint(), []
    for _ in range(30):  # neither `dispatch_events` nor `reconcile` runs
        events.append(world.event())
        world.now.tick(hours=1)
    ports = Reconciler(
        environment="dev",
        records=world.records,
        objects=rest.objects,
        executions=rest.admission,
        fetches=FakeExecutions(),
        completions=rest.queue,
        deliveries=world.queue,
        thumbnails=FakeThumbnailMaker(),
        pictures=FakeMediaObjects(),
        log=FakeDeliveryLog(world.records),
        new_id=world.new_id,
        now=world.now,
    )
    assert reconcile(ports)["undispatched_events"] == 30
    world.work()
    assert {world.delivery(endpoint, event).state for event in events} == {DeliveryState.DELIVERED}
    assert {post.headers["webhook-id"] for post in world.sender.posts} == {event.id for event in events}
    assert reconcile(ports)["undispatched_events"] == 0
