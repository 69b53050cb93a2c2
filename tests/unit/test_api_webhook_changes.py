"""What changes a webhook endpoint, as a client sees it: its fields and its secret."""

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


def test_a_rotation_shows_the_new_secret_and_how_long_the_old_one_signs(api: Api) -> None:
    made = api.create()["json"]
    api.random = bytes(reversed(range(32)))
    api.now.tick(minutes=1)
    rotated = api.rotate(made["webhook_id"])
    assert rotated["statusCode"] == 200
    assert rotated["json"] == {
        **made,
        "secret": "whsec_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=",
        "secret_already_shown": False,
        "rotation_ends_at": "2026-12-02T10:01:00.000Z",
        "updated_at": "2026-12-01T10:01:00.000Z",
    }
    shorter = api.rotate(made["webhook_id"], body={"overlap_s": 60})["json"]
    assert shorter["rotation_ends_at"] == "2026-12-01T10:02:00.000Z"
    assert api.rotate(made["webhook_id"], body={"overlap_s": 0})["json"]["rotation_ends_at"] is None


def test_a_repeated_rotation_rotates_once_and_shows_no_secret(api: Api) -> None:
    webhook_id = api.create()["json"]["webhook_id"]
    first, again = (api.rotate(webhook_id, key="k1", body={"overlap_s": 60}) for _ in range(2))
    assert (again["statusCode"], again["headers"]["Idempotent-Replayed"]) == (200, "true")
    assert again["json"] == {**first["json"], "secret": None, "secret_already_shown": True}
    [endpoint] = api.records.webhooks(TENANT)
    assert len(endpoint.retired_secrets) == 1
    assert api.rotate(webhook_id, key="k1", body={"overlap_s": 61})["json"]["code"] == "idempotency_key_reused"


def test_one_key_does_not_rotate_two_endpoints(api: Api) -> None:
    one, other = (api.create()["json"]["webhook_id"] for _ in range(2))
    assert api.rotate(one, key="k1")["statusCode"] == 200
    assert api.rotate(other, key="k1")["json"]["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("overlap", [-1, 604_801, 1.5, "60", None])
def test_an_overlap_out_of_range(api: Api, overlap: Any) -> None:
    answer = api.rotate(api.create()["json"]["webhook_id"], body={"overlap_s": overlap})
    assert (answer["statusCode"], answer["json"]["errors"][0]["pointer"]) == (422, "/overlap_s")


def test_the_fifth_earlier_secret_is_refused(api: Api) -> None:
    webhook_id = api.create()["json"]["webhook_id"]
    assert [api.rotate(webhook_id)["statusCode"] for _ in range(4)] == [200] * 4
    refused = api.rotate(webhook_id)
    assert (refused["statusCode"], refused["json"]["code"]) == (409, "webhook_secret_limit_reached")
    assert api.rotate(webhook_id, body={"overlap_s": 0})["statusCode"] == 200


def test_changed(api: Api) -> None:
    made = api.create()
    path, tag = "/v1/webhooks/" + made["json"]["webhook_id"], made["headers"]["ETag"]
    api.now.tick(minutes=1)
    body = {"url": "https://example.com/new", "description": None, "event_types": ["*"], "enabled": False}
    answer = api.call("PATCH", path, body=body, headers={"if-match": tag})
    assert answer["statusCode"] == 200
    shown = {name: value for name, value in made["json"].items() if not name.startswith("secret")}
    assert answer["json"] == {**shown, **body, "updated_at": "2026-12-01T10:01:00.000Z"}
    again = api.call("GET", path)
    assert again["json"] == answer["json"] and again["headers"]["ETag"] == answer["headers"]["ETag"] != tag
    late = api.call("PATCH", path, body={"enabled": True}, headers={"if-match": tag})
    assert (late["statusCode"], late["json"]["code"]) == (412, "precondition_failed")
    assert api.call("DELETE", path, headers={"if-match": tag})["statusCode"] == 412
    assert api.call("PATCH", path, body={"enabled": True})["json"]["enabled"] is True


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": ""}, "/url"),
        ({"url": None}, "/url"),
        ({"event_types": []}, "/event_types"),
        ({"event_types": None}, "/event_types"),
        ({"event_types": ["nonsense"]}, "/event_types/0"),
        ({"enabled": None}, "/enabled"),
        ({"enabled": "false"}, "/enabled"),
        ({"description": ""}, "/description"),
        ({"secret": "whsec_x"}, "/secret"),
    ],
)
def test_bad_changes(api: Api, change: dict[str, Any], pointer: str) -> None:
    path = "/v1/webhooks/" + api.create()["json"]["webhook_id"]
    answer = api.call("PATCH", path, body=change)
    assert (answer["statusCode"], [field["pointer"] for field in answer["json"]["errors"]]) == (422, [pointer])


def test_an_empty_change_resets_nothing(api: Api) -> None:
    made = api.create()
    answer = api.call("PATCH", "/v1/webhooks/" + made["json"]["webhook_id"], body={})
    assert answer["json"]["event_types"] == ["transcode.*"] and answer["json"]["url"] == BODY["url"]
    assert answer["headers"]["ETag"] == made["headers"]["ETag"]


def test_a_new_url_is_checked(api: Api) -> None:
    path = "/v1/webhooks/" + api.create()["json"]["webhook_id"]
    api.sender.refused.add("https://10.0.0.1/")
    answer = api.call("PATCH", path, body={"url": "https://10.0.0.1/"})
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "url_not_allowed")
    assert answer["json"]["errors"][0]["pointer"] == "/url"


def test_a_limit_is_set_changed_and_taken_away(api: Api) -> None:
    made = api.create(max_per_second=5)["json"]
    assert made["max_per_second"] == 5
    path = "/v1/webhooks/" + made["webhook_id"]
    assert api.call("PATCH", path, body={"max_per_second": 7})["json"]["max_per_second"] == 7
    assert api.call("PATCH", path, body={"description": "x"})["json"]["max_per_second"] == 7
    assert api.call("PATCH", path, body={"max_per_second": None})["json"]["max_per_second"] is None
    for wrong in (0, 1_001, "5", 1.5):
        assert api.call("PATCH", path, body={"max_per_second": wrong})["statusCode"] == 422
