"""The webhook routes as a client sees them: making, looking, deleting."""

from typing import Any

import pytest

from functions.api_webhooks import handler
from tests.fakes.gateway import TENANT
from tests.unit.webhook_api import BODY, Api


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


def test_created_with_its_secret(api: Api) -> None:
    answer = api.create()
    assert answer["statusCode"] == 201
    made = answer["json"]
    assert made == {
        "webhook_id": made["webhook_id"],
        "url": BODY["url"],
        "description": "Ours",
        "event_types": ["transcode.*"],
        "enabled": True,
        "disabled_reason": None,
        "max_per_second": None,
        "rotation_ends_at": None,
        "created_at": "2026-12-01T10:00:00.000Z",
        "updated_at": "2026-12-01T10:00:00.000Z",
        "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "secret_already_shown": False,
    }


def test_everything_but_the_url_has_a_default(api: Api) -> None:
    made = api.call("POST", "/v1/webhooks", body={"url": BODY["url"]})["json"]
    assert (made["event_types"], made["description"]) == (["*"], None)


def test_a_replay_answers_without_the_secret(api: Api) -> None:
    first, again = api.create(key="k1"), api.create(key="k1")
    assert again["statusCode"] == 201
    assert again["headers"]["Idempotent-Replayed"] == "true"
    assert again["json"] == {**first["json"], "secret": None, "secret_already_shown": True}
    assert len(api.records.webhooks(TENANT)) == 1


def test_a_key_with_another_body(api: Api) -> None:
    api.create(key="k1")
    answer = api.create(key="k1", description="Another")
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "idempotency_key_reused")


def test_the_secret_is_in_no_other_answer(api: Api) -> None:
    webhook_id = api.create()["json"]["webhook_id"]
    assert api.rotate(webhook_id)["statusCode"] == 200
    for path in ("/v1/webhooks", f"/v1/webhooks/{webhook_id}"):
        answer = api.call("GET", path)
        assert answer["statusCode"] == 200 and webhook_id in answer["body"]
        assert "secret" not in answer["body"] and "whsec_" not in answer["body"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"url": ""}, "/url", "too_short"),
        ({"url": "https://e.com/" + "x" * 2_048}, "/url", "too_long"),
        ({"event_types": []}, "/event_types", "too_short"),
        ({"event_types": ["nonsense"]}, "/event_types/0", "unknown_event_type"),
        ({"event_types": ["*"] * 51}, "/event_types", "too_long"),
        ({"events": ["*"]}, "/events", "unknown_field"),
        ({"url": 1}, "/url", "wrong_type"),
    ],
)
def test_bad_fields(api: Api, change: dict[str, Any], pointer: str, code: str) -> None:
    answer = api.create(**change)
    assert answer["statusCode"] == 422
    assert [(field["pointer"], field["code"]) for field in answer["json"]["errors"]] == [(pointer, code)]


def test_a_refused_url(api: Api) -> None:
    api.sender.refused.add("https://10.0.0.1/")
    answer = api.create(url="https://10.0.0.1/")
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "url_not_allowed")
    assert answer["json"]["errors"][0]["pointer"] == "/url"


def test_pages(api: Api) -> None:
    made = [api.create()["json"]["webhook_id"] for _ in range(3)]
    first = api.call("GET", "/v1/webhooks", query={"limit": "2"})["json"]
    rest = api.call("GET", "/v1/webhooks", query={"limit": "2", "cursor": first["next_cursor"]})["json"]
    assert [item["webhook_id"] for item in first["data"] + rest["data"]] == made[::-1]
    assert rest["next_cursor"] is None
    forged = api.call("GET", "/v1/webhooks", query={"cursor": "AAAA"})
    assert (forged["statusCode"], forged["json"]["code"]) == (400, "invalid_cursor")


def test_deleted(api: Api) -> None:
    path = "/v1/webhooks/" + api.create()["json"]["webhook_id"]
    assert api.call("DELETE", path)["statusCode"] == 204
    for method in ("GET", "DELETE"):
        answer = api.call(method, path)
        assert (answer["statusCode"], answer["json"]["code"]) == (404, "webhook_not_found")


def test_another_tenant_sees_nothing(api: Api) -> None:
    path = "/v1/webhooks/" + api.create()["json"]["webhook_id"]
    stranger = "ten_01jdyyyyyyyyyyyyyyyyyyyyyy"
    assert api.call("GET", path, tenant=stranger)["statusCode"] == 404
    assert api.call("DELETE", path, tenant=stranger)["statusCode"] == 404
    assert api.call("PATCH", path, tenant=stranger, body={})["statusCode"] == 404
    assert api.call("POST", path + "/rotate-secret", tenant=stranger)["statusCode"] == 404
    assert api.call("GET", "/v1/webhooks", tenant=stranger)["json"]["data"] == []
    assert api.call("GET", path)["statusCode"] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/webhooks"),
        ("GET", "/v1/webhooks"),
        ("PATCH", "/v1/webhooks/x"),
        ("DELETE", "/v1/webhooks/x"),
        ("POST", "/v1/webhooks/x/rotate-secret"),
    ],
)
def test_the_scope_is_needed(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path, scopes=("assets:read",))
    assert (answer["statusCode"], answer["json"]["code"]) == (403, "missing_scope")
