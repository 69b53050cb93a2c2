"""Replays of named events that their endpoint never got a delivery for."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from functions.api_deliveries import handler
from sluice.domain.events import Event, EventType
from sluice.domain.feed import RETENTION
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service import replays
from tests.fakes.faults import Fallible
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


def named(*events: Event) -> dict[str, Any]:
    return {"event_ids": [event.id for event in events]}


def test_each_is_sent_whether_it_had_a_delivery_or_not(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    [before] = delivered(world)
    missed = gap(world, endpoint, 2)
    switch(world, endpoint, enabled=False)
    missed.append(of_no_asset(world))
    world.dispatch(missed[-1])
    switch(world, endpoint, enabled=True)
    wanted = named(before, *missed)
    unknown = {"event_ids": [*wanted["event_ids"], world.new_id(Prefix.EVENT)]}
    assert told(replay(api, endpoint, {**unknown, "dry_run": True})) == ("dry_run", 4, 0, 0, 1)
    assert told(replay(api, endpoint, unknown)) == ("completed", 4, 4, 0, 1)
    minutes(world, 2)
    assert sent(world) == Counter({before.id: 2} | {event.id: 1 for event in missed})
    bodies = {post.headers["webhook-id"]: post.body for post in world.sender.posts}
    assert all(bodies[event.id] == event.body.encode() for event in (before, *missed))
    assert {world.delivery(endpoint, event).state for event in (before, *missed)} == {DeliveryState.DELIVERED}
    assert told(replay(api, endpoint, wanted)) == ("completed", 4, 4, 0, 0), "now they are deliveries like others"


@pytest.mark.parametrize("dies_at", range(1, 14))
def test_whatever_dies_each_is_sent_once(
    api: DeliveriesApi, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Two steps over two deliveries and three events without one."""
    world = api.world
    old = delivered(world)
    missed = gap(world, endpoint, 3)
    old += delivered(world)
    ended = replay_with_a_death(api, endpoint, named(*old, *missed), dies_at=dies_at, patch=monkeypatch)
    if ended is None:
        return
    assert sent(world) == Counter({event.id: 2 for event in old} | {event.id: 1 for event in missed})
    assert (ended.state, ended.matched, ended.counts.sent, ended.counts.skipped) == ("completed", 5, 5, 0)


def test_a_long_list_goes_on_with_the_sweeper(
    api: DeliveriesApi, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "AT_ONCE", 2)
    events = gap(api.world, endpoint, 5)
    answer = replay(api, endpoint, named(*events))
    assert told(answer)[:3] == ("running", 5, 2)
    minutes(api.world, 3)
    assert told(progress(api, endpoint, answer["json"]["replay_id"]))[:3] == ("completed", 5, 5)
    assert sent(api.world) == Counter(event.id for event in events)


def test_types_are_those_of_the_endpoint_unless_they_are_named(api: DeliveriesApi) -> None:
    events = [*delivered(api.world), *delivered(api.world, 1, EventType.UPLOAD_COMPLETE)]
    late = api.world.endpoint("upload.*")
    wanted = {**named(*events), "dry_run": True}
    assert told(replay(api, late, wanted)) == ("dry_run", 1, 0, 0, 1)
    assert told(replay(api, late, {**wanted, "types": ["transcode.*", "upload.*"]})) == ("dry_run", 2, 0, 0, 0)


def test_what_is_too_old_or_another_tenant_s_is_missing(api: DeliveriesApi) -> None:
    [event] = delivered(api.world)
    late = api.world.endpoint()
    wanted = {**named(event), "dry_run": True}
    assert api.world.records.feed_entries_of(api.world.new_id(Prefix.TENANT), [event.id]) == []
    api.world.now.moment = event.timestamp + RETENTION
    assert told(replay(api, late, wanted))[1] == 1
    api.world.now.tick(hours=1)
    assert told(replay(api, late, wanted)) == ("dry_run", 0, 0, 0, 1)


def test_counting_many_costs_a_few_requests(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    """A thousand may be named, and somebody waits for the answer."""
    events = delivered(api.world, 40)
    calls: list[str] = []
    records = Fallible(api.world.records, calls.append)
    api.deps = replace(api.deps, replayer=replace(api.deps.replayer, records=records))
    assert told(replay(api, endpoint, {**named(*events), "dry_run": True})) == ("dry_run", 40, 0, 0, 0)
    assert "delivery" not in calls and calls.count("deliveries_of") == 2, "before and after one call"
