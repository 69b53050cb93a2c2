"""The log of every record store: newest first, in pages without gaps, and never more rows read than promised."""

from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from sluice.adapters.delivery_log import DynamoDeliveryLog
from sluice.adapters.records import DynamoRecords
from sluice.domain.deliveries import DeliveryAttempt, revive
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service.ports import Create, Records, Replace
from sluice.service.webhook_ports import DeliveryLog
from tests.contract.samples import MOMENT, TENANT, make_delivery, new_id
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.records import FakeRecords

EXAMINED = 8
DEAD, DELIVERED = DeliveryState.DEAD, DeliveryState.DELIVERED


class Store(NamedTuple):
    records: Records
    log: DeliveryLog


@pytest.fixture
def store(records: Records) -> Store:
    if isinstance(records, FakeRecords):
        return Store(records, FakeDeliveryLog(records, EXAMINED))
    assert isinstance(records, DynamoRecords)
    return Store(records, DynamoDeliveryLog(records._client, records._table, EXAMINED))


def made(store: Store, webhook_id: str, *states: DeliveryState) -> list[Delivery]:
    """Oldest first."""
    deliveries = [make_delivery(webhook_id=webhook_id, state=state) for state in states]
    for delivery in deliveries:
        store.records.commit(Create(delivery))
    return deliveries


def pages(store: Store, webhook_id: str, limit: int, state: DeliveryState | None = None) -> list[list[Delivery]]:
    found: list[list[Delivery]] = []
    before: str | None = None
    while True:
        page, before = store.log.deliveries(TENANT, webhook_id, state=state, limit=limit, before=before)
        found.append(page)
        assert len(found) < 20 and len(page) <= limit
        if before is None:
            return found


def attempt(delivery: Delivery, number: int, **changes: Any) -> DeliveryAttempt:
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "number": number,
        "sent_at": MOMENT,
        "request_headers": {"webhook-id": delivery.event_id},
        "latency_ms": 3,
        "status": 500,
        "failure": "status",
        "response": "no",
    }
    return DeliveryAttempt.model_validate(fields | changes)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
def test_pages_are_newest_first_and_without_gaps(store: Store, limit: int) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    deliveries = made(store, webhook_id, *[DELIVERED] * 5)
    made(store, new_id(Prefix.WEBHOOK), DELIVERED)
    for delivery in deliveries:
        store.records.save_attempt(attempt(delivery, 1))
    found = pages(store, webhook_id, limit)
    assert [delivery for page in found for delivery in page] == deliveries[::-1]
    assert {len(page) for page in found[:-1]} <= {limit}


def test_a_state_is_found_behind_many_others(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    dead = made(store, webhook_id, DEAD, DEAD)
    made(store, webhook_id, *[DELIVERED] * (2 * EXAMINED + 3))
    dead += made(store, webhook_id, DEAD, DELIVERED)[:1]
    found = pages(store, webhook_id, 5, DEAD)
    assert [delivery for page in found for delivery in page] == dead[::-1]
    assert found[0] == [dead[2]], "a short page: no more than so many rows are read for one"
    assert len(found) >= 3


def test_a_state_in_full_pages(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    deliveries = made(store, webhook_id, *[DEAD, DELIVERED] * 3)
    found = pages(store, webhook_id, 2, DEAD)
    assert [delivery for page in found for delivery in page] == deliveries[-2::-2]
    assert [len(page) for page in found[:2]] == [2, 1]


def test_a_delivery_changes_its_state_in_place(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    [delivery] = made(store, webhook_id, DEAD)
    store.records.commit(Replace(delivery.model_copy(update={"state": DELIVERED, "version": 2})))
    assert pages(store, webhook_id, 5, DEAD) == [[]]
    assert [len(page) for page in pages(store, webhook_id, 5, DELIVERED)] == [1]


def test_attempts_are_those_of_one_delivery_in_order(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    delivery, other = made(store, webhook_id, DEAD, DEAD)
    for number in (2, 10, 1, 9):
        store.records.save_attempt(attempt(delivery, number))
    store.records.save_attempt(attempt(other, 1))
    assert store.log.attempts(TENANT, webhook_id, delivery.event_id) == [attempt(delivery, n) for n in (1, 2, 9, 10)]
    store.records.save_attempt(attempt(other, 1, status=None, failure="timeout", response=None))
    [last] = store.log.attempts(TENANT, webhook_id, other.event_id)
    assert (last.status, last.failure, last.response) == (None, "timeout", None)


def test_an_endpoint_or_tenant_without_deliveries(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    [delivery] = made(store, webhook_id, DEAD)
    stranger = new_id(Prefix.TENANT)
    assert store.log.deliveries(stranger, webhook_id, state=None, limit=5, before=None) == ([], None)
    assert store.log.attempts(stranger, webhook_id, delivery.event_id) == []
    assert pages(store, new_id(Prefix.WEBHOOK), 5) == [[]]


def all_dead(store: Store, webhook_ids: set[str], limit: int) -> list[Delivery]:
    found: list[Delivery] = []
    before: str | None = None
    for _ in range(20):
        page, before = store.log.dead_deliveries(TENANT, webhook_ids=webhook_ids, limit=limit, before=before)
        assert len(page) <= limit
        found += page
        if before is None:
            return found
    raise AssertionError("it does not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_the_last_to_die_comes_first_whatever_its_event(store: Store, limit: int) -> None:
    one, other = new_id(Prefix.WEBHOOK), new_id(Prefix.WEBHOOK)
    late, soon, middle = (
        make_delivery(webhook_id=webhook_id, state=DEAD, updated_at=MOMENT + timedelta(minutes=minutes))
        for webhook_id, minutes in ((one, 9), (other, 1), (one, 5))
    )
    store.records.commit(*map(Create, (late, soon, middle)))
    made(store, one, DELIVERED, DeliveryState.PENDING, DeliveryState.RETRYING)
    assert all_dead(store, {one, other}, limit) == [late, middle, soon]
    assert all_dead(store, {one}, limit) == [late, middle]
    assert all_dead(store, {new_id(Prefix.WEBHOOK)}, limit) == all_dead(store, set(), limit) == []
    assert store.log.dead_deliveries(new_id(Prefix.TENANT), webhook_ids={one}, limit=5, before=None) == ([], None)


def test_a_revived_delivery_is_no_dead_letter(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    first, second = made(store, webhook_id, DEAD, DEAD)
    store.records.commit(Replace(revive(first, MOMENT, next_attempt_at=MOMENT)))
    assert all_dead(store, {webhook_id}, 5) == [second]


def test_dead_letters_are_found_behind_those_of_others(store: Store) -> None:
    mine, theirs = new_id(Prefix.WEBHOOK), new_id(Prefix.WEBHOOK)
    wanted = made(store, mine, DEAD)
    for minutes in range(2 * EXAMINED + 3):
        store.records.commit(
            Create(make_delivery(webhook_id=theirs, state=DEAD, updated_at=MOMENT + timedelta(minutes=1 + minutes)))
        )
    assert store.log.dead_deliveries(TENANT, webhook_ids={mine}, limit=5, before=None)[0] == []
    assert all_dead(store, {mine}, 5) == wanted


def test_live_deliveries_take_no_place_among_the_dead(store: Store) -> None:
    webhook_id = new_id(Prefix.WEBHOOK)
    [dead] = made(store, webhook_id, DEAD)
    made(store, webhook_id, *[DELIVERED] * (EXAMINED + 1))
    assert store.log.dead_deliveries(TENANT, webhook_ids={webhook_id}, limit=1, before=None) == ([dead], None)
