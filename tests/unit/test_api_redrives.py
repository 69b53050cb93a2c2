"""Dead letters sent again by a filter: which ones, how many at a call, and how fast."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.api_deliveries import handler
from sluice.domain.events import Event, EventType
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.ports import Replace, Write
from sluice.service.redrives import AT_ONCE
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.webhook_sender import ok, status
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_world import minutes, replays_api, rfc3339
from tests.unit.webhook_world import SCHEDULE

ROUTE = "/v1/dead-letters:redrive"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = replays_api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


def died(api: DeliveriesApi, count: int = 1, kind: EventType = EventType.TRANSCODE_READY) -> list[Event]:
    """At every endpoint, first the one that happened first; one a minute."""
    world, events = api.world, []
    world.sender.answer = status(500)
    for _ in range(count):
        world.now.tick(minutes=1)
        events.append(world.event(kind))
        world.dispatch(events[-1])
    for _ in SCHEDULE.delays_s:
        world.work()
        world.now.tick(minutes=10)
    world.sender.answer = ok
    world.sender.posts.clear()
    return events


def redrive(api: DeliveriesApi, body: dict[str, Any], **more: Any) -> Any:
    return api.call("POST", ROUTE, body=body, **more)


def told(answer: Any) -> tuple[int, int, bool]:
    assert answer["statusCode"] == 200, answer["body"]
    shown = answer["json"]
    assert shown["more"] == (shown["next_cursor"] is not None)
    return shown["matched"], shown["redriven"], shown["more"]


def arrived(api: DeliveriesApi) -> Counter[str]:
    minutes(api.world, 3)
    return Counter(post.headers["webhook-id"] for post in api.world.sender.posts)


def ids(events: list[Event]) -> Counter[str]:
    return Counter(event.id for event in events)


def test_all_of_one_endpoint(api: DeliveriesApi) -> None:
    endpoint, other = api.world.endpoint(), api.world.endpoint()
    events = died(api, 3)
    assert told(redrive(api, {"webhook_id": endpoint.id})) == (3, 3, False)
    assert arrived(api) == ids(events)
    assert {api.world.delivery(endpoint, event).state for event in events} == {DeliveryState.DELIVERED}
    assert {api.world.delivery(other, event).state for event in events} == {DeliveryState.DEAD}
    assert told(redrive(api, {"webhook_id": endpoint.id})) == (0, 0, False)


def test_by_type_and_time_of_the_event_over_all_endpoints(api: DeliveriesApi) -> None:
    api.world.endpoint(), api.world.endpoint()
    early, late = died(api, 2), died(api, 2)
    uploads = died(api, 2, EventType.UPLOAD_COMPLETE)
    wanted = {"types": ["transcode.*"], "since": rfc3339(early[1].timestamp), "until": rfc3339(late[1].timestamp)}
    assert told(redrive(api, {**wanted, "dry_run": True})) == (4, 0, False)
    assert arrived(api) == Counter(), "a dry run sends nothing"
    assert told(redrive(api, wanted)) == (4, 4, False)
    assert arrived(api) == ids([early[1], late[0]] * 2)
    assert told(redrive(api, {"since": rfc3339(uploads[0].timestamp)})) == (4, 4, False)
    assert told(redrive(api, {"until": rfc3339(early[1].timestamp)})) == (2, 2, False)
    assert told(redrive(api, {"types": ["*"]})) == (2, 2, False), "what is left"


def test_endpoints_that_are_off_are_left_out_unless_they_are_named(api: DeliveriesApi) -> None:
    on, off = api.world.endpoint(), api.world.endpoint()
    [event] = died(api)
    switched = off.model_copy(update={"enabled": False, "version": 2})
    api.world.records.commit(Replace(switched))
    assert told(redrive(api, {"types": ["*"]})) == (1, 1, False)
    assert api.world.delivery(on, event).state is DeliveryState.PENDING
    refused = redrive(api, {"webhook_id": off.id})
    assert (refused["statusCode"], refused["json"]["code"]) == (409, "webhook_disabled")


def test_a_hundred_at_once_and_then_the_rest(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    events = died(api, AT_ONCE + 5)
    first = redrive(api, {"webhook_id": endpoint.id})
    assert told(first) == (AT_ONCE, AT_ONCE, True)
    cursor = first["json"]["next_cursor"]
    assert told(redrive(api, {"webhook_id": endpoint.id, "cursor": cursor})) == (5, 5, False)
    assert arrived(api) == ids(events)
    refused = redrive(api, {"types": ["*"], "cursor": cursor})
    assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_cursor")


def test_a_call_looks_at_a_part_of_a_long_list(api: DeliveriesApi) -> None:
    """And tells where the next one begins, also when it found nothing."""
    endpoint = api.world.endpoint()
    events = died(api)
    api.world.records.commit(Replace(endpoint.model_copy(update={"event_types": ("upload.created",), "version": 2})))
    api.world.endpoint()
    died(api, 25)
    api.deps = replace(api.deps, log=FakeDeliveryLog(api.world.records, examined=2))
    answers = [answer := redrive(api, {"webhook_id": endpoint.id})]
    while cursor := answer["json"]["next_cursor"]:
        answers.append(answer := redrive(api, {"webhook_id": endpoint.id, "cursor": cursor}))
    assert [told(answer) for answer in answers] == [(0, 0, True), (1, 1, False)], "twenty looked at by each"
    assert arrived(api) == ids(events)


def test_a_hundred_a_minute_over_all_calls(api: DeliveriesApi) -> None:
    """However fast they follow each other; what would have to wait for more than 13 minutes is refused."""
    endpoint = api.world.endpoint()
    died(api, 2)
    wanted, due = {"webhook_id": endpoint.id}, []
    began = api.world.now()
    for _ in range(3):
        assert told(redrive(api, wanted))[1] == 2
        due += sorted(held.visible_at - began for held in api.world.queue.held.values())
        api.world.queue.held.clear()
        kill(api, endpoint)
    assert due == [timedelta(seconds=s) for s in (0, 0, 1, 1, 2, 3)], "0.6 s each, in whole seconds"


def kill(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    for delivery in api.world.deliveries():
        dead = {"state": DeliveryState.DEAD, "next_attempt_at": None, "version": delivery.version + 1}
        api.world.records.commit(Replace(delivery.model_copy(update=dead)))


def test_more_than_the_queue_can_delay_is_refused(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    events = died(api, AT_ONCE)
    for _ in range(14):
        assert told(redrive(api, {"webhook_id": endpoint.id}))[1] == AT_ONCE
        kill(api, endpoint)
    refused = redrive(api, {"webhook_id": endpoint.id})
    assert (refused["statusCode"], refused["json"]["code"]) == (429, "too_many_redrives")
    assert {api.world.delivery(endpoint, event).state for event in events} == {DeliveryState.DEAD}
    assert told(redrive(api, {"webhook_id": endpoint.id, "dry_run": True}))[0] == AT_ONCE
    api.world.now.tick(minutes=1)
    assert told(redrive(api, {"webhook_id": endpoint.id}))[1] == AT_ONCE


def test_a_call_that_dies_is_repeated(api: DeliveriesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = api.world.endpoint()
    events = died(api, 4)
    commit, calls = api.world.records.commit, []

    def dying(*writes: Write) -> None:
        calls.append(writes)
        if len(calls) == 3:
            raise ConnectionError
        commit(*writes)

    with monkeypatch.context() as patch:
        patch.setattr(api.world.records, "commit", dying)
        assert redrive(api, {"webhook_id": endpoint.id})["statusCode"] == 500
    assert told(redrive(api, {"webhook_id": endpoint.id})) == (3, 3, False)
    assert arrived(api) == ids(events)


def test_another_tenant_moves_nothing(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = died(api)
    stranger = api.world.new_id(Prefix.TENANT)
    assert told(redrive(api, {"types": ["*"]}, tenant=stranger)) == (0, 0, False)
    assert redrive(api, {"webhook_id": endpoint.id}, tenant=stranger)["json"]["code"] == "webhook_not_found"
    assert redrive(api, {"types": ["*"]}, scopes=("assets:read",))["json"]["code"] == "missing_scope"
    assert api.world.delivery(endpoint, event).state is DeliveryState.DEAD


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/webhook_id"),
        ({"webhook_id": None}, "/webhook_id"),
        ({"dry_run": True}, "/webhook_id"),
        ({"webhook_id": "whk_x", "all": True}, "/all"),
        ({"types": ["no.such"]}, "/types/0"),
        ({"types": []}, "/types"),
        ({"since": "2026-12-02T00:00:00Z", "until": "2026-12-01T00:00:00Z"}, "/since"),
        ({"since": "2026-12-02T00:00:00"}, "/since"),
    ],
)
def test_what_is_refused(api: DeliveriesApi, body: dict[str, Any], pointer: str) -> None:
    answer = redrive(api, body)
    assert answer["statusCode"] == 422
    assert [error["pointer"] for error in answer["json"]["errors"]] == [pointer]
