"""A test of an endpoint: what it is sent, what its owner is told, and that nothing follows from it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from functions.api_deliveries import handler
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.service.ports import Replace
from sluice.service.webhook_ports import Answer, SendFailed
from sluice.service.webhook_secrets import Rotation, rotate_secret
from tests.fakes.webhook_sender import Post, status
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    world = WebhookWorld()
    world.now.moment = datetime.now(UTC)  # the library checks the age of a signature
    made = DeliveriesApi(world)
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


@pytest.fixture
def endpoint(api: DeliveriesApi) -> WebhookEndpoint:
    return api.world.endpoint("upload.complete")


def ping(api: DeliveriesApi, endpoint: WebhookEndpoint, **more: Any) -> Any:
    return api.call("POST", f"/v1/webhooks/{endpoint.id}/test", **more)


def test_a_signed_event_is_sent_and_its_answer_shown(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    answer = ping(api, endpoint, headers={"x-correlation-id": "order-4711"})
    [post] = api.world.sender.posts
    event = Webhook(api.world.secrets[endpoint.id]).verify(post.body, post.headers)
    assert (post.url, post.headers["content-type"]) == (endpoint.url, "application/json")
    assert event["type"] == "webhook.ping" and event["data"] == {"webhook_id": endpoint.id}
    assert (event["sequence"], event["tenant_id"]) == (None, api.world.tenant.id)
    assert event["correlation_id"] == "order-4711"
    assert event["id"] == post.headers["webhook-id"]
    assert answer["statusCode"] == 200
    told = answer["json"]
    assert told == {
        "event_id": event["id"],
        "delivered": True,
        "sent_at": event["timestamp"],
        "request_headers": {name: value for name, value in post.headers.items() if name != "webhook-signature"},
        "request_body": post.body.decode(),
        "status": 200,
        "failure": None,
        "latency_ms": 5,
        "response": "",
    }


def test_neither_secret_nor_signature_is_told(
    api: DeliveriesApi, endpoint: WebhookEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        answer = ping(api, endpoint)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "webhook_pinged" in logged
    for text in (answer["body"], logged):
        assert "whsec_" not in text and "v1," not in text and "signature" not in text


@pytest.mark.parametrize("code", [204, 302, 404, 410, 500])
def test_every_status_is_told_and_changes_nothing(api: DeliveriesApi, endpoint: WebhookEndpoint, code: int) -> None:
    rows = dict(api.world.records.rows)
    api.world.sender.answer = status(code)
    told = ping(api, endpoint)["json"]
    delivered = code == 204
    assert (told["status"], told["delivered"], told["response"]) == (code, delivered, "no")
    assert told["failure"] == (None if delivered else "status")
    assert api.world.records.rows == rows and not api.world.queue.held


@pytest.mark.parametrize("failure", ["timeout", "connection", "tls"])
def test_no_answer_is_told(api: DeliveriesApi, endpoint: WebhookEndpoint, failure: str) -> None:
    def fail(_: Post) -> Answer:
        raise SendFailed(failure, 15_000)  # type: ignore[arg-type]  # the parameter's words are the literal's

    api.world.sender.answer = fail
    answer = ping(api, endpoint)
    told = answer["json"]
    assert (answer["statusCode"], told["delivered"], told["status"]) == (200, False, None)
    assert (told["failure"], told["latency_ms"], told["response"]) == (failure, 15_000, None)


def test_an_address_that_became_private_gets_nothing(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    api.world.sender.refused.add(endpoint.url)
    assert ping(api, endpoint)["json"]["failure"] == "url_not_allowed"
    assert api.world.sender.posts == []


def test_an_endpoint_that_is_switched_off_can_be_tried(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    off = endpoint.model_copy(update={"enabled": False, "version": 2})
    api.world.records.commit(Replace(off))
    assert ping(api, endpoint)["json"]["delivered"]
    assert api.world.records.webhook(api.world.tenant.id, endpoint.id) == off


def test_during_a_rotation_both_secrets_verify(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    newer = rotate_secret(
        Rotation(world.new_id(Prefix.ROTATION), endpoint.id, world.tenant.id, timedelta(hours=1)),
        records=world.records,
        secrets=world.ports.secrets,
        random_bytes=lambda size: b"n" * size,
        now=world.now,
    ).secret
    ping(api, endpoint)
    [post] = world.sender.posts
    for secret in (world.secrets[endpoint.id], newer):
        assert Webhook(str(secret)).verify(post.body, post.headers)["type"] == "webhook.ping"


def test_a_repetition_sends_another_one(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    first, again = (ping(api, endpoint, headers={"idempotency-key": "k1"})["json"] for _ in range(2))
    assert first["event_id"] != again["event_id"] and len(api.world.sender.posts) == 2


def test_unknown_foreign_or_unscoped(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    stranger = api.world.new_id(Prefix.TENANT)
    assert ping(api, endpoint, tenant=stranger)["json"]["code"] == "webhook_not_found"
    assert api.call("POST", "/v1/webhooks/whk_x/test")["statusCode"] == 404
    assert ping(api, endpoint, scopes=("assets:read",))["json"]["code"] == "missing_scope"
    assert api.world.sender.posts == []


def test_the_body_is_compact_json_like_every_other(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    body = ping(api, endpoint)["json"]["request_body"]
    assert body == json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
