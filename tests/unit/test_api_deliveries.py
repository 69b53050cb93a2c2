"""The delivery log as a client sees it."""

from datetime import timedelta
from typing import Any

import pytest

from functions.api_deliveries import handler
from sluice.domain.events import Event
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.service.ports import Remove
from sluice.service.webhook_ports import Answer, SendFailed
from tests.fakes.webhook_sender import Post, ok, status
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = DeliveriesApi(WebhookWorld())
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


def listed(api: DeliveriesApi, endpoint: WebhookEndpoint, **query: str) -> Any:
    return api.call("GET", f"/v1/webhooks/{endpoint.id}/deliveries", query=query)


def shown(api: DeliveriesApi, endpoint: WebhookEndpoint, event: Event) -> Any:
    return api.call("GET", f"/v1/webhooks/{endpoint.id}/deliveries/{event.id}")["json"]


def test_a_failed_attempt_with_all_that_is_known_of_it(api: DeliveriesApi) -> None:
    world = api.world
    endpoint, event = world.endpoint(), world.event()
    world.dispatch(event)
    pending = shown(api, endpoint, event)
    assert (pending["status"], pending["attempt_count"], pending["attempts"]) == ("pending", 0, [])
    assert (pending["next_attempt_at"], pending["last_status"]) == (None, None)
    world.sender.answer = status(503)
    world.work()
    [post] = world.sender.posts
    assert shown(api, endpoint, event) == {
        "webhook_id": endpoint.id,
        "event_id": event.id,
        "event_type": "transcode.ready",
        "asset_id": world.asset_id,
        "sequence": 1,
        "status": "retrying",
        "attempt_count": 1,
        "last_status": 503,
        "next_attempt_at": "2026-12-01T10:00:05.000Z",
        "created_at": "2026-12-01T10:00:00.000Z",
        "updated_at": "2026-12-01T10:00:00.000Z",
        "request_body": event.body,
        "attempts": [
            {
                "number": 1,
                "sent_at": "2026-12-01T10:00:00.000Z",
                "request_headers": {name: post.headers[name] for name in post.headers if name != "webhook-signature"},
                "status": 503,
                "failure": "status",
                "latency_ms": 5,
                "response": "no",
            }
        ],
    }
    assert "webhook-timestamp" in post.headers


def test_the_next_time_is_shown_while_there_is_one(api: DeliveriesApi) -> None:
    world = api.world
    endpoint, event = world.endpoint(), world.event()
    world.dispatch(event)
    world.sender.answer = status(429, retry_after_s=3_600)
    world.work()
    assert shown(api, endpoint, event)["next_attempt_at"] == "2026-12-01T11:00:00.000Z"
    world.now.tick(minutes=61)
    world.sweep()
    world.sender.answer = ok
    world.work()
    report = shown(api, endpoint, event)
    assert (report["status"], report["next_attempt_at"], report["last_status"]) == ("delivered", None, 200)
    assert [attempt["status"] for attempt in report["attempts"]] == [429, 200]
    times = [attempt["request_headers"]["webhook-timestamp"] for attempt in report["attempts"]]
    assert int(times[1]) - int(times[0]) == timedelta(minutes=61).total_seconds()


def test_an_attempt_without_an_answer(api: DeliveriesApi) -> None:
    def fail(_: Post) -> Answer:
        raise SendFailed("timeout", 15_000)

    endpoint, event = api.world.endpoint(), api.world.event()
    api.world.dispatch(event)
    api.world.sender.answer = fail
    api.world.work()
    [attempt] = shown(api, endpoint, event)["attempts"]
    assert (attempt["status"], attempt["failure"], attempt["latency_ms"], attempt["response"]) == (
        *(None, "timeout", 15_000),
        None,
    )


def test_no_answer_holds_a_signature_or_a_secret(api: DeliveriesApi) -> None:
    endpoint, event = api.world.endpoint(), api.world.event()
    api.world.dispatch(event)
    api.world.work()
    assert "v1," in api.world.sender.posts[0].headers["webhook-signature"]
    answers = (
        api.call("GET", f"/v1/webhooks/{endpoint.id}/deliveries/{event.id}")["body"] + listed(api, endpoint)["body"]
    )
    assert "v1," not in answers and "whsec_" not in answers and "signature" not in answers
    rows = " ".join(row.model_dump_json() for row in api.world.attempts())
    assert "v1," not in rows


def test_pages_newest_first(api: DeliveriesApi) -> None:
    endpoint = api.world.endpoint()
    events = [api.world.event() for _ in range(5)]
    for event in events:
        api.world.dispatch(event)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = listed(api, endpoint, limit="2", **cursor)["json"]
        seen += [delivery["event_id"] for delivery in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [event.id for event in events][::-1]


def test_by_status(api: DeliveriesApi) -> None:
    endpoint, first, second = api.world.endpoint(), api.world.event(), api.world.event()
    api.world.dispatch(first)
    api.world.work()
    api.world.dispatch(second)
    for word, expected in (("delivered", [first.id]), ("pending", [second.id]), ("dead", []), ("retrying", [])):
        assert [one["event_id"] for one in listed(api, endpoint, status=word)["json"]["data"]] == expected, word
    wrong = listed(api, endpoint, status="failed")
    assert (wrong["statusCode"], wrong["json"]["errors"][0]["pointer"]) == (422, "query.status")


def test_a_cursor_belongs_to_its_endpoint_and_status(api: DeliveriesApi) -> None:
    one, other = api.world.endpoint(), api.world.endpoint()
    for _ in range(3):
        api.world.dispatch(api.world.event())
    cursor = listed(api, one, limit="1")["json"]["next_cursor"]
    assert listed(api, one, cursor=cursor)["statusCode"] == 200
    for refused in (listed(api, other, cursor=cursor), listed(api, one, cursor=cursor, status="pending")):
        assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_cursor")


def test_unknown_foreign_deleted_or_unscoped(api: DeliveriesApi) -> None:
    endpoint, event = api.world.endpoint(), api.world.event()
    api.world.dispatch(event)
    path = f"/v1/webhooks/{endpoint.id}/deliveries"
    for unknown in (api.world.new_id(Prefix.EVENT), "evt_x", "x%23ATTEMPT%23001"):
        assert api.call("GET", f"{path}/{unknown}")["json"]["code"] == "delivery_not_found"
    stranger = api.world.new_id(Prefix.TENANT)
    for one in (path, f"{path}/{event.id}"):
        assert api.call("GET", one, tenant=stranger)["json"]["code"] == "webhook_not_found"
        assert api.call("GET", one, scopes=("assets:read",))["json"]["code"] == "missing_scope"
        assert api.call("GET", one)["statusCode"] == 200
    api.world.records.commit(Remove(endpoint))
    for one in (path, f"{path}/{event.id}"):
        assert api.call("GET", one)["json"]["code"] == "webhook_not_found"
