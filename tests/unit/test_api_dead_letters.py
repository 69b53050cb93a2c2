"""Dead deliveries as a client sees them: listed, sent again, and dead only as long as they are."""

from typing import Any

import pytest
from standardwebhooks import Webhook

from functions.api_deliveries import handler
from sluice.domain.events import Event
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import Outcome
from sluice.service.ports import Remove, Replace
from tests.fakes.webhook_sender import ok, status
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.webhook_world import SCHEDULE, WebhookWorld


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = DeliveriesApi(WebhookWorld())
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


def run_schedule(world: WebhookWorld) -> list[Outcome]:
    outcomes = []
    for _ in SCHEDULE.delays_s:
        outcomes += world.work()
        world.now.tick(minutes=10)
    return outcomes


def dead(world: WebhookWorld, endpoint: WebhookEndpoint, count: int = 1) -> list[Event]:
    """Deliveries that used up their schedule, first the one that died first."""
    events = []
    world.sender.answer = status(500)
    for _ in range(count):
        events.append(world.event())
        world.dispatch(events[-1])
        run_schedule(world)
    assert {world.delivery(endpoint, event).state for event in events} == {DeliveryState.DEAD}
    return events


def listed(api: DeliveriesApi, **query: str) -> Any:
    return api.call("GET", "/v1/dead-letters", query=query)


def ids(answer: Any) -> list[tuple[str, str]]:
    return [(one["webhook_id"], one["event_id"]) for one in answer["json"]["data"]]


def redrive(api: DeliveriesApi, endpoint: WebhookEndpoint, event: Event, **more: Any) -> Any:
    return api.call("POST", f"/v1/webhooks/{endpoint.id}/deliveries/{event.id}/redrive", **more)


def redrive_all(api: DeliveriesApi, endpoint: WebhookEndpoint, **more: Any) -> Any:
    return api.call("POST", "/v1/dead-letters:redrive", body={"webhook_id": endpoint.id}, **more)


def test_the_last_to_die_comes_first_over_all_endpoints(api: DeliveriesApi) -> None:
    one = api.world.endpoint()
    [first] = dead(api.world, one)
    other = api.world.endpoint()
    [second] = dead(api.world, other)
    answer = listed(api)
    assert {pair[1] for pair in ids(answer)[:2]} == {second.id}
    assert ids(answer)[2:] == [(one.id, first.id)]
    assert {(entry["status"], entry["attempt_count"], entry["last_status"]) for entry in answer["json"]["data"]} == {
        ("dead", 4, 500)
    }
    assert ids(listed(api, webhook_id=other.id)) == [(other.id, second.id)]
    pages = [page := listed(api, limit="1")]
    while cursor := page["json"]["next_cursor"]:
        pages.append(page := listed(api, limit="1", cursor=cursor))
    assert [pair for page in pages for pair in ids(page)] == ids(answer)


def test_redriven_it_is_sent_with_its_own_id_and_a_new_timestamp(api: DeliveriesApi) -> None:
    world = api.world
    endpoint = world.endpoint()
    [event] = dead(world, endpoint)
    world.sender.answer = ok
    answer = redrive(api, endpoint, event)
    told = (answer["statusCode"], answer["json"]["status"], answer["json"]["attempt_count"])
    assert told == (200, "pending", 4)
    assert listed(api)["json"]["data"] == []
    assert world.work() == [Outcome.DELIVERED]
    assert world.delivery(endpoint, event).attempts == 5
    first, last = world.sender.posts[0], world.sender.posts[-1]
    assert first.headers["webhook-id"] == last.headers["webhook-id"] == event.id and first.body == last.body
    assert int(last.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 2_400
    signed = Webhook(world.secrets[endpoint.id]).sign(event.id, world.now(), event.body)
    assert last.headers["webhook-signature"] == signed


def test_the_whole_schedule_runs_again_and_attempts_count_on(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = dead(api.world, endpoint)
    redrive(api, endpoint, event)
    assert run_schedule(api.world) == [Outcome.RETRYING] * 3 + [Outcome.DEAD]
    assert [attempt.number for attempt in api.world.attempts()] == list(range(1, 9))
    assert ids(listed(api)) == [(endpoint.id, event.id)]


def test_a_repetition_sends_nothing_twice(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = dead(api.world, endpoint)
    api.world.sender.answer = ok
    assert [redrive(api, endpoint, event)["json"]["status"] for _ in range(2)] == ["pending", "pending"]
    assert api.world.work() == [Outcome.DELIVERED]
    late = redrive(api, endpoint, event)
    assert (late["statusCode"], late["json"]["code"]) == (409, "delivery_not_dead")
    assert len(api.world.sender.posts) == len(SCHEDULE.delays_s) + 1 and not api.world.queue.held


def test_a_lost_message_is_sent_by_the_sweeper(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = dead(api.world, endpoint)
    redrive(api, endpoint, event)
    api.world.queue.held.clear()
    api.world.sender.answer = ok
    api.world.now.tick(seconds=61)
    api.world.sweep()
    assert api.world.work() == [Outcome.DELIVERED]


def test_the_operator_s_letter_is_dropped_afterwards(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = dead(api.world, endpoint)
    api.world.sender.answer = ok
    redrive(api, endpoint, event)
    api.world.work()
    done = api.world.redrive()
    assert (done.sent, done.dropped) == (0, 1) and not api.world.queue.held


def test_an_endpoint_that_is_off_gets_nothing_until_it_is_on(api: DeliveriesApi) -> None:
    world = api.world
    endpoint, event = world.endpoint(), world.event()
    world.dispatch(event)
    off = endpoint.model_copy(update={"enabled": False, "version": 2})
    world.records.commit(Replace(off))
    assert world.work() == [Outcome.DEAD]
    assert ids(listed(api)) == [(endpoint.id, event.id)], "given up without an attempt, and yet not lost"
    for refused in (redrive(api, endpoint, event), redrive_all(api, endpoint)):
        assert (refused["statusCode"], refused["json"]["code"]) == (409, "webhook_disabled")
    world.records.commit(Replace(off.model_copy(update={"enabled": True, "version": 3})))
    assert redrive(api, endpoint, event)["statusCode"] == 200
    assert world.work() == [Outcome.DELIVERED]


def test_what_a_deleted_endpoint_missed_is_gone_with_it(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = dead(api.world, endpoint)
    api.world.records.commit(Remove(endpoint))
    assert listed(api)["json"]["data"] == []
    for gone in (listed(api, webhook_id=endpoint.id), redrive(api, endpoint, event), redrive_all(api, endpoint)):
        assert (gone["statusCode"], gone["json"]["code"]) == (404, "webhook_not_found")


def test_another_tenant_sees_and_moves_nothing(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    [event] = dead(api.world, endpoint)
    stranger = api.world.new_id(Prefix.TENANT)
    assert api.call("GET", "/v1/dead-letters", tenant=stranger)["json"]["data"] == []
    assert redrive(api, endpoint, event, tenant=stranger)["json"]["code"] == "webhook_not_found"
    assert redrive_all(api, endpoint, tenant=stranger)["json"]["code"] == "webhook_not_found"
    for unscoped in (redrive, lambda a, e, _, **more: redrive_all(a, e, **more)):
        assert unscoped(api, endpoint, event, scopes=("assets:read",))["json"]["code"] == "missing_scope"
    assert redrive(api, endpoint, api.world.event())["json"]["code"] == "delivery_not_found"
    assert api.world.delivery(endpoint, event).state is DeliveryState.DEAD


def test_a_cursor_belongs_to_its_filter(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    dead(api.world, endpoint, 2)
    cursor = listed(api, limit="1")["json"]["next_cursor"]
    assert listed(api, cursor=cursor)["statusCode"] == 200
    refused = listed(api, cursor=cursor, webhook_id=endpoint.id)
    assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_cursor")
