"""Replays: which deliveries they take, how fast, how far they are, and what is refused."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from ulid import ULID

from functions.api_deliveries import handler
from sluice.domain.events import EventType
from sluice.domain.ids import Prefix, first_id, is_id
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service import replays
from sluice.service.deliveries import Outcome
from sluice.service.ports import Remove, Replace
from sluice.service.replays import AT_ONCE, SPREAD_S
from tests.fakes.time import FakeClock
from tests.fakes.webhook_sender import status
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_world import dead, delivered, minutes, progress, replay, replays_api, rfc3339, told
from tests.unit.webhook_world import SCHEDULE


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = replays_api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


@pytest.fixture
def endpoint(api: DeliveriesApi) -> WebhookEndpoint:
    return api.world.endpoint()


def test_what_arrived_is_delivered_again_with_its_id_and_a_new_time(
    api: DeliveriesApi, endpoint: WebhookEndpoint
) -> None:
    world = api.world
    [event] = delivered(world)
    world.now.tick(hours=1)
    answer = replay(api, endpoint, {"event_ids": [event.id]})
    assert (answer["statusCode"], told(answer)) == (202, ("completed", 1, 1, 0, 0))
    assert world.delivery(endpoint, event).state is DeliveryState.PENDING
    assert world.work() == [Outcome.DELIVERED]
    first, last = world.sender.posts
    assert first.headers["webhook-id"] == last.headers["webhook-id"] == event.id and first.body == last.body
    assert int(last.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3_600
    assert [attempt.number for attempt in world.attempts()] == [1, 2]
    found = progress(api, endpoint, answer["json"]["replay_id"])
    assert found["json"] == answer["json"]


def test_the_whole_schedule_runs_again(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    [event] = delivered(world)
    replay(api, endpoint, {"event_ids": [event.id]})
    world.sender.answer = status(500)
    outcomes = []
    for _ in SCHEDULE.delays_s:
        outcomes += world.work()
        world.now.tick(minutes=10)
    assert outcomes == [Outcome.RETRYING] * 3 + [Outcome.DEAD]


def test_a_time_has_its_first_moment_and_not_its_last(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    events = delivered(api.world, 5)
    since, until = (rfc3339(event.timestamp) for event in (events[1], events[3]))
    assert told(replay(api, endpoint, {"since": since, "until": until})) == ("completed", 2, 2, 0, 0)
    minutes(api.world, 1)
    again = Counter(post.headers["webhook-id"] for post in api.world.sender.posts)
    assert [again[event.id] for event in events] == [1, 2, 2, 1, 1]


def test_only_the_failed_and_only_of_some_types(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    start = rfc3339(world.now())
    [complete] = delivered(world, 1, EventType.UPLOAD_COMPLETE)
    failed = dead(world)
    delivered(world, 2)
    world.now.tick(minutes=1)
    assert told(replay(api, endpoint, {"since": start, "only_failed": True, "dry_run": True}))[:2] == ("dry_run", 1)
    assert told(replay(api, endpoint, {"since": start, "types": ["upload.*"], "dry_run": True}))[1] == 1
    assert told(replay(api, endpoint, {"since": start, "types": ["upload.*"], "only_failed": True}))[1] == 0
    named = {"event_ids": [complete.id, failed.id], "only_failed": True}
    assert told(replay(api, endpoint, named)) == ("completed", 1, 1, 0, 0)
    assert world.work() == [Outcome.DELIVERED]
    assert world.sender.posts[-1].headers["webhook-id"] == failed.id


def test_a_dry_run_stores_and_sends_nothing(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    [event] = delivered(api.world)
    before = dict(api.world.records.rows)
    answer = replay(api, endpoint, {"event_ids": [event.id], "dry_run": True})
    assert (answer["statusCode"], answer["json"]["replay_id"]) == (200, None)
    assert api.world.records.rows == before and not api.world.queue.held


def test_what_is_on_its_way_stays_so_and_what_never_was_is_told(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    event = world.event()
    world.dispatch(event)
    stranger = world.new_id(Prefix.EVENT)
    answer = replay(api, endpoint, {"event_ids": [event.id, stranger, event.id]})
    assert told(answer) == ("completed", 1, 0, 1, 1)
    assert world.work() == [Outcome.DELIVERED]


def test_a_hundred_at_once_and_a_hundred_a_minute(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    events = delivered(world, 2 * AT_ONCE + 5)
    world.now.tick(minutes=1)
    answer = replay(api, endpoint, {"since": rfc3339(events[0].timestamp)})
    assert told(answer) == ("running", len(events), AT_ONCE, 0, 0)
    waits = [(held.visible_at - world.now()).total_seconds() for held in world.queue.held.values()]
    assert (min(waits), max(waits)) == (0, SPREAD_S * (AT_ONCE - 1) // AT_ONCE), "not all in one moment"
    seen = []
    for _ in range(3):
        minutes(world, 1)
        seen.append(told(progress(api, endpoint, answer["json"]["replay_id"]))[:3])
    assert seen == [("running", 205, 200), ("completed", 205, 205), ("completed", 205, 205)]
    minutes(world, 1)
    again = Counter(post.headers["webhook-id"] for post in world.sender.posts)
    assert again == Counter({event.id: 2 for event in events})


def test_another_replay_sends_them_once_more(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    [event] = delivered(api.world)
    key = {"headers": {"idempotency-key": "k"}}
    for more in (key, key, {}):
        answer = replay(api, endpoint, {"event_ids": [event.id]}, **more)
        assert answer["statusCode"] == 202
        api.world.work()
    assert len(api.world.sender.posts) == 3, "one by the key, one without"


def test_an_endpoint_that_is_switched_off_ends_it(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    events = delivered(world, AT_ONCE + 1)
    world.now.tick(minutes=1)
    answer = replay(api, endpoint, {"since": rfc3339(events[0].timestamp)})
    off = endpoint.model_copy(update={"enabled": False, "version": endpoint.version + 1})
    world.records.commit(Replace(off))
    minutes(world, 2)
    assert told(progress(api, endpoint, answer["json"]["replay_id"]))[:3] == ("stopped", AT_ONCE + 1, AT_ONCE)
    refused = replay(api, endpoint, {"event_ids": [events[0].id]})
    assert (refused["statusCode"], refused["json"]["code"]) == (409, "webhook_disabled")
    world.records.commit(Remove(off))
    assert replay(api, endpoint, {"event_ids": [events[0].id]})["json"]["code"] == "webhook_not_found"


def test_too_many_are_refused(api: DeliveriesApi, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "PAGE", 2)
    monkeypatch.setattr(replays, "MAX_EXAMINED", 4)
    events = delivered(api.world, 5)
    api.world.now.tick(minutes=1)
    answer = replay(api, endpoint, {"since": rfc3339(events[0].timestamp)})
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "replay_too_large")
    assert replay(api, endpoint, {"since": rfc3339(events[1].timestamp)})["statusCode"] == 202


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/since"),
        ({"event_ids": [first_id(Prefix.EVENT, FakeClock()())], "since": "2026-11-01T00:00:00Z"}, "/since"),
        ({"event_ids": [first_id(Prefix.EVENT, FakeClock()())], "until": "2026-11-01T00:00:00Z"}, "/until"),
        ({"event_ids": ["evt_1"]}, "/event_ids/0"),
        ({"event_ids": [first_id(Prefix.ASSET, FakeClock()())]}, "/event_ids/0"),
        ({"since": "2027-01-01T00:00:00Z"}, "/since"),
        ({"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}, "/since"),
        ({"since": "2026-11-02T00:00:00"}, "/since"),
        ({"since": "2026-11-02T00:00:00Z", "types": ["asset.creatd"]}, "/types/0"),
        ({"since": "2026-11-02T00:00:00Z", "endpoint": "x"}, "/endpoint"),
    ],
)
def test_a_mistake_is_told_where_it_is(
    api: DeliveriesApi, endpoint: WebhookEndpoint, body: dict[str, Any], pointer: str
) -> None:
    answer = replay(api, endpoint, body)
    assert (answer["statusCode"], answer["json"]["errors"][0]["pointer"]) == (422, pointer)


def test_whose_it_is_and_what_it_needs(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    [event] = delivered(api.world)
    answer = replay(api, endpoint, {"event_ids": [event.id]})
    replay_id, stranger = answer["json"]["replay_id"], api.world.new_id(Prefix.TENANT)
    assert progress(api, endpoint, replay_id, tenant=stranger)["statusCode"] == 404
    assert progress(api, api.world.endpoint(), replay_id)["json"]["code"] == "replay_not_found"
    assert progress(api, endpoint, "rpl_x")["json"]["code"] == "replay_not_found"
    assert progress(api, endpoint, replay_id, scopes=("webhooks:manage",))["json"]["code"] == "missing_scope"
    assert replay(api, endpoint, {"event_ids": [event.id]}, tenant=stranger)["statusCode"] == 404


def test_a_time_is_the_time_of_ids() -> None:
    moment = FakeClock()()
    made = [f"evt_{str(ULID.from_timestamp(moment.timestamp() + late)).lower()}" for late in (-0.001, 0, 0.001)]
    assert made[0] < first_id(Prefix.EVENT, moment) < made[1] < made[2]


def test_a_time_before_all_ids_is_before_all_of_them() -> None:
    """Not after them, which a table refuses as the lower bound."""
    first = first_id(Prefix.EVENT, datetime(1, 1, 1, tzinfo=UTC))
    assert is_id(Prefix.EVENT, first) and first == first_id(Prefix.EVENT, datetime(1970, 1, 1, tzinfo=UTC))
