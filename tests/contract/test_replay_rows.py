"""What replays read and keep, of every record store."""

from datetime import timedelta

import pytest

from sluice.adapters.delivery_log import DynamoDeliveryLog
from sluice.adapters.records import DynamoRecords
from sluice.domain.errors import WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery
from sluice.domain.redrives import RedrivePace
from sluice.domain.replays import Counts, ReplayPlace, step
from sluice.service.ports import Create, Records, Replace
from sluice.service.webhook_ports import DeliveryLog
from tests.contract.samples import MOMENT, TENANT, make_delivery, make_replay, new_id
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.records import FakeRecords


@pytest.fixture
def log(records: Records) -> DeliveryLog:
    if isinstance(records, FakeRecords):
        return FakeDeliveryLog(records)
    assert isinstance(records, DynamoRecords)
    return DynamoDeliveryLog(records._client, records._table)


@pytest.fixture
def deliveries(records: Records) -> list[Delivery]:
    """Of one endpoint, oldest first; among those of another."""
    webhook_id = new_id(Prefix.WEBHOOK)
    made = [make_delivery(webhook_id=webhook_id) for _ in range(7)]
    for delivery in (*made, make_delivery()):
        records.commit(Create(delivery))
    return made


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_between_two_events_oldest_first_and_without_gaps(
    log: DeliveryLog, deliveries: list[Delivery], limit: int
) -> None:
    first, *between, last = deliveries
    found: list[Delivery] = []
    after: str | None = first.event_id
    while after:
        page, after = log.deliveries_between(TENANT, first.webhook_id, after=after, before=last.event_id, limit=limit)
        assert len(page) <= limit
        found += page
    assert found == between


def test_the_bounds_need_not_exist(log: DeliveryLog, deliveries: list[Delivery]) -> None:
    bounds = {"after": "evt_", "before": "evt_z"}
    webhook_id = deliveries[0].webhook_id
    assert log.deliveries_between(TENANT, webhook_id, limit=7, **bounds) == (deliveries, None)
    assert log.deliveries_between(new_id(Prefix.TENANT), webhook_id, limit=7, **bounds) == ([], None)


def test_deliveries_of_an_endpoint_are_found_by_their_events(records: Records, deliveries: list[Delivery]) -> None:
    """More than one batch takes; events without a delivery to it are left out."""
    webhook_id = deliveries[0].webhook_id
    more = [make_delivery(webhook_id=webhook_id) for _ in range(100)]
    records.commit(*map(Create, more))
    unknown = [new_id(Prefix.EVENT) for _ in range(9)]
    asked = [*unknown, *(one.event_id for one in (*deliveries, *more))]
    found = records.deliveries_of(TENANT, webhook_id, asked)
    assert sorted(found, key=lambda one: one.event_id) == sorted([*deliveries, *more], key=lambda one: one.event_id)
    assert records.deliveries_of(TENANT, new_id(Prefix.WEBHOOK), asked) == []
    assert records.deliveries_of(TENANT, webhook_id, []) == []


def test_a_replay_is_due_until_its_last_step(records: Records, log: DeliveryLog) -> None:
    later = MOMENT + timedelta(minutes=1)
    replay = make_replay()
    records.commit(Create(replay))
    assert log.replay(TENANT, replay.webhook_id, replay.id) == replay
    assert log.replay(TENANT, new_id(Prefix.WEBHOOK), replay.id) is None
    assert log.due_replays(before=MOMENT, limit=9) == []
    assert log.due_replays(before=later, limit=9) == [replay]
    going = step(replay, MOMENT, counts=Counts(sent=1), position=new_id(Prefix.EVENT), next_step_at=later)
    records.commit(Replace(going))
    assert log.due_replays(before=later, limit=9) == []
    assert log.due_replays(before=later + timedelta(seconds=1), limit=9) == [going]
    ended = step(going, later, counts=Counts(sent=2, missing=1), position=None, next_step_at=later)
    records.commit(Replace(ended))
    assert log.due_replays(before=later + timedelta(days=1), limit=9) == []
    stored = log.replay(TENANT, replay.webhook_id, replay.id)
    assert stored == ended and stored.counts == Counts(sent=3, missing=1)


def test_of_two_replays_that_want_one_place_one_gets_it(records: Records, log: DeliveryLog) -> None:
    tenant_id = new_id(Prefix.TENANT)
    first, second = (make_replay(tenant_id=tenant_id) for _ in range(2))
    place = ReplayPlace(tenant_id=tenant_id, number=0, webhook_id=first.webhook_id, replay_id=first.id)
    records.commit(Create(first), Create(place))
    assert log.replay_places(tenant_id) == [place] and log.replay_places(TENANT) == []
    with pytest.raises(WriteConflict):
        records.commit(Create(second), Create(place.model_copy(update={"replay_id": second.id})))
    assert log.replay(tenant_id, second.webhook_id, second.id) is None
    after = place.model_copy(update={"replay_id": second.id, "version": 2})
    records.commit(Create(second), Replace(after))
    assert log.replay_places(tenant_id) == [after]


def test_the_pace_of_redrives_moves_on_by_one_call_at_a_time(records: Records, log: DeliveryLog) -> None:
    tenant_id = new_id(Prefix.TENANT)
    assert log.redrive_pace(tenant_id) is None
    pace = RedrivePace(tenant_id=tenant_id, free_at=MOMENT)
    records.commit(Create(pace))
    assert log.redrive_pace(tenant_id) == pace and log.redrive_pace(TENANT) is None
    records.commit(Replace(moved := pace.model_copy(update={"free_at": MOMENT + timedelta(minutes=1), "version": 2})))
    with pytest.raises(WriteConflict):
        records.commit(Replace(moved))
    assert log.redrive_pace(tenant_id) == moved
