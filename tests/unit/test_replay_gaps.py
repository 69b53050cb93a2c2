"""Replays of a time: events that their endpoint never got a delivery for are sent too, each once."""

from collections import Counter
from typing import Any

import pytest

from functions.api_deliveries import handler
from sluice.domain.deliveries import AssetDelivery
from sluice.domain.events import EventType
from sluice.domain.feed import FeedEntry
from sluice.domain.models import WebhookEndpoint
from sluice.domain.replays import Replay
from sluice.domain.states import DeliveryState
from sluice.service import replay_gaps, replays
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_deaths import replay_with_a_death
from tests.unit.replay_world import (
    delivered,
    gap,
    minutes,
    of_no_asset,
    progress,
    replay,
    replays_api,
    rfc3339,
    sent,
    switch,
    told,
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = replays_api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


@pytest.fixture
def endpoint(api: DeliveriesApi) -> WebhookEndpoint:
    return api.world.endpoint()


def test_a_gap_is_filled_once(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    [before] = delivered(world)
    missed = gap(world, endpoint, 2)
    switch(world, endpoint, enabled=False)
    missed.append(of_no_asset(world))
    world.dispatch(missed[-1])
    switch(world, endpoint, enabled=True)
    [after] = delivered(world)
    world.now.tick(minutes=1)
    wanted = {"since": rfc3339(before.timestamp)}
    assert told(replay(api, endpoint, {**wanted, "dry_run": True}))[:2] == ("dry_run", 5)
    assert told(replay(api, endpoint, wanted)) == ("completed", 5, 5, 0, 0)
    minutes(world, 3)
    assert sent(world) == Counter({before.id: 2, after.id: 2} | {event.id: 1 for event in missed})
    bodies = {post.headers["webhook-id"]: post.body for post in world.sender.posts}
    assert all(bodies[event.id] == event.body.encode() for event in missed)
    pointers = {row.event_id for row in world.records.rows.values() if isinstance(row, AssetDelivery)}
    assert pointers == {event.id for event in (before, *missed[:2], after)}
    replay(api, endpoint, wanted)
    minutes(world, 3)
    assert {sent(world)[event.id] for event in missed} == {2}, "another replay sends them again, as it does all"


@pytest.mark.parametrize("dies_at", range(1, 20))
def test_whatever_dies_each_is_sent_once(
    api: DeliveriesApi, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Over two deliveries and five events without one: the first step has some of both."""
    world = api.world
    old = delivered(world)
    missed = gap(world, endpoint, 5)
    old += delivered(world)
    world.now.tick(minutes=1)
    wanted = {"since": rfc3339(old[0].timestamp)}
    ended = replay_with_a_death(api, endpoint, wanted, dies_at=dies_at, patch=monkeypatch)
    if ended is None:
        return
    assert {world.delivery(endpoint, event).state for event in old + missed} == {DeliveryState.DELIVERED}
    assert sent(world) == Counter({event.id: 2 for event in old} | {event.id: 1 for event in missed})
    assert (ended.state, ended.matched, ended.counts.sent, ended.counts.skipped) == ("completed", 7, 7, 0)


def test_a_replay_goes_on_in_the_feed(
    api: DeliveriesApi, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = api.world
    monkeypatch.setattr(replays, "AT_ONCE", 2)
    events = [*delivered(world, 2), *gap(world, endpoint, 3)]
    world.now.tick(minutes=1)
    answer = replay(api, endpoint, {"since": rfc3339(events[0].timestamp)})
    seen = []
    for _ in range(2):
        [row] = [row for row in world.records.rows.values() if isinstance(row, Replay)]
        assert row.position and row.position.startswith("feed:"), "all deliveries are done"
        minutes(world, 1)
        seen.append(told(progress(api, endpoint, answer["json"]["replay_id"]))[:3])
    assert seen == [("running", 5, 4), ("completed", 5, 5)]


def test_types_are_those_of_the_endpoint_unless_they_are_named(api: DeliveriesApi) -> None:
    world = api.world
    [start] = delivered(world, 1, EventType.TRANSCODE_READY)
    delivered(world, 2, EventType.UPLOAD_COMPLETE)
    late = world.endpoint("upload.*")
    world.now.tick(minutes=1)
    wanted: dict[str, Any] = {"since": rfc3339(start.timestamp), "dry_run": True}
    assert told(replay(api, late, wanted))[1] == 2
    assert told(replay(api, late, {**wanted, "types": ["transcode.*"]}))[1] == 1
    assert told(replay(api, late, {**wanted, "types": ["*", "upload.*"]}))[1] == 3
    assert told(replay(api, late, {"since": wanted["since"]})) == ("completed", 2, 2, 0, 0)


def test_the_time_is_that_of_the_event(api: DeliveriesApi) -> None:
    """And not of its dispatch, by which the feed goes."""
    world = api.world
    slow, *_ = (world.event() for _ in [world.now.tick(minutes=1)])
    world.now.tick(minutes=40)
    [middle] = delivered(world)
    world.dispatch(slow)
    [last] = delivered(world)
    endpoint = world.endpoint()
    until = rfc3339(middle.timestamp)
    assert told(replay(api, endpoint, {"since": rfc3339(slow.timestamp), "until": until})) == ("completed", 1, 1, 0, 0)
    minutes(world, 1)
    assert sent(world) == Counter([slow.id])
    since = {"since": rfc3339(middle.timestamp), "until": rfc3339(last.timestamp)}
    replay(api, endpoint, since)
    minutes(world, 1)
    assert sent(world) == Counter([slow.id, middle.id])


def test_failed_ones_are_deliveries(api: DeliveriesApi) -> None:
    [event] = delivered(api.world)
    late = api.world.endpoint()
    api.world.now.tick(minutes=1)
    failed = {"since": rfc3339(event.timestamp), "only_failed": True}
    assert told(replay(api, late, failed)) == ("completed", 0, 0, 0, 0)
    named = {"event_ids": [event.id], "only_failed": True}
    assert told(replay(api, late, named)) == ("completed", 0, 0, 0, 1)


def test_a_number_that_is_not_seen_yet_is_waited_for(api: DeliveriesApi) -> None:
    world = api.world
    events = delivered(world, 3)
    late = world.endpoint()
    world.now.tick(minutes=1)
    [place] = [key for key, row in world.records.rows.items() if isinstance(row, FeedEntry) and row.number == 2]
    hidden = world.records.rows.pop(place)
    answer = replay(api, late, {"since": rfc3339(events[0].timestamp)})
    assert told(answer)[::2][:2] == ("running", 1)
    minutes(world, 2)
    world.records.rows[place] = hidden
    minutes(world, 2)
    assert told(progress(api, late, answer["json"]["replay_id"]))[0] == "completed"
    assert sent(world) == Counter(event.id for event in events)


def test_too_long_a_walk_is_refused(api: DeliveriesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_gaps, "MAX_WALKED", 2)
    events = delivered(api.world, 4)
    late = api.world.endpoint()
    api.world.now.tick(minutes=1)
    answer = replay(api, late, {"since": rfc3339(events[0].timestamp)})
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "replay_too_large")
