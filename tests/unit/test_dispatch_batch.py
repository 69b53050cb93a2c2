"""A batch of events is dispatched like each of them alone, with what they share read and written once."""

from collections import Counter

import pytest

from sluice.domain.events import Event
from sluice.domain.feed import Position
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, Tenant
from sluice.service.feed import TOGETHER, read_feed
from sluice.service.ports import Create
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.faults import Fallible
from tests.fakes.records import FakeRecords
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def feed(world: WebhookWorld, tenant_id: str | None = None) -> list[str]:
    tenant_id = tenant_id or world.tenant.id
    page = read_feed(tenant_id, after=None, wanted=lambda _: True, limit=100, records=world.records, now=world.now)
    assert page.position == Position(len(page.entries), page.position.hour), "a gap"
    return [entry.event_id for entry in page.entries]


def of_another_tenant(world: WebhookWorld) -> Event:
    tenant = Tenant(id=world.new_id(Prefix.TENANT), name="Bob", created_at=world.now())
    event = world.event().model_copy(update={"tenant_id": tenant.id, "id": world.new_id(Prefix.EVENT)})
    world.records.commit(Create(tenant), Create(event))
    return event


def test_each_has_its_deliveries_and_its_place_in_their_order(world: WebhookWorld) -> None:
    endpoints = world.endpoint(), world.endpoint()
    events = [world.event() for _ in range(2 * TOGETHER + 1)]
    assert world.dispatch_batch(events) == ([], [])
    assert feed(world) == [event.id for event in events]
    sent = Counter((held.message.webhook_id, held.message.event_id) for held in world.queue.held.values())
    assert sent == Counter((endpoint.id, event.id) for endpoint in endpoints for event in events)


def test_what_they_share_costs_one_request(world: WebhookWorld) -> None:
    world.endpoint()
    events = [world.event() for _ in range(TOGETHER)]
    calls: Counter[str] = Counter()
    world.with_ports(records=Fallible(world.records, lambda name: calls.update([name])))
    world.dispatch_batch(events)
    requests = {name: seen // 2 for name, seen in calls.items()}  # before and after each call
    assert requests == {"undispatched": 1, "webhooks": 1, "feed_head": 1, "commit": TOGETHER + 1}


def test_tenants_have_feeds_of_their_own(world: WebhookWorld) -> None:
    mine, other, mine_too = world.event(), of_another_tenant(world), world.event()
    world.dispatch_batch([mine, other, mine_too])
    assert feed(world) == [mine.id, mine_too.id]
    assert feed(world, other.tenant_id) == [other.id]


def test_one_that_fails_does_not_keep_the_others(world: WebhookWorld, caplog: pytest.LogCaptureFixture) -> None:
    world.endpoint()
    first, failing, last = (world.event() for _ in range(3))

    class Refusing(FakeDeliveryQueue):
        def send(self, delivery: Delivery, *, delay_s: int) -> None:
            if delivery.event_id == failing.id:
                raise ConnectionError("SQS is down")
            super().send(delivery, delay_s=delay_s)

    world.with_ports(queue=Refusing(world.now))
    assert world.dispatch_batch([first, failing, last]) == ([failing], [])
    assert feed(world) == [first.id, last.id]
    assert [record.event_id for record in caplog.records if record.message == "record_failed"] == [failing.id]  # type: ignore[attr-defined]
    world.with_ports(queue=world.queue)
    assert world.dispatch_batch([failing, last]) == ([], [])
    assert feed(world) == [first.id, last.id, failing.id]
    assert {held.message.event_id for held in world.queue.held.values()} == {failing.id}


def test_a_tenant_whose_feed_is_contested_does_not_keep_the_others(world: WebhookWorld) -> None:
    mine, other = world.event(), of_another_tenant(world)

    class Contested(FakeRecords):
        def feed_head(self, tenant_id: str) -> None:
            if tenant_id == mine.tenant_id:
                raise ConnectionError("DynamoDB is down")

    contested = Contested()
    contested.rows = world.records.rows
    world.with_ports(records=contested)
    assert world.dispatch_batch([mine, other]) == ([mine], [])
    assert feed(world, other.tenant_id) == [other.id]


def test_those_that_another_dispatcher_has_done_meanwhile_are_left_out(world: WebhookWorld) -> None:
    events = [world.event() for _ in range(3)]
    done: list[Event] = []

    def sweep(name: str) -> None:
        if name == "feed_head" and not done:
            done.append(events[1])
            healthy = world.ports
            world.with_ports(records=world.records)
            world.dispatch(events[1])
            world.ports = healthy

    world.with_ports(records=Fallible(world.records, sweep))
    assert world.dispatch_batch(events) == ([], [])
    assert feed(world) == [events[1].id, events[0].id, events[2].id]


def test_a_removed_event_does_not_keep_the_others(world: WebhookWorld) -> None:
    """The stream tells for a day of rows that may be gone."""
    kept, removed = world.event(), world.event()
    world.records.rows = {key: row for key, row in world.records.rows.items() if row != removed}
    world.with_ports(records=world.records)
    assert world.dispatch_batch([removed, kept, kept]) == ([], [])
    assert feed(world) == [kept.id]
