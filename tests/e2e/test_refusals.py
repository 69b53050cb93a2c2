"""Requests that are refused: who may not, what does not exist, what is malformed. Always problem+json."""

import json
from typing import Any

import pytest
import urllib3

from infra.local.demo.api import Api
from sluice.adapters.items import to_item
from sluice.domain.api_keys import base62, format_key
from tests.e2e.customer import Customer
from tests.e2e.film import Film
from tests.e2e.stacks import Stacks

pytestmark = pytest.mark.e2e


def assert_problem(answer: urllib3.BaseHTTPResponse, status: int) -> dict[str, Any]:
    """The body, which says the same as the status line."""
    assert answer.status == status, answer.data
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.data)
    assert body["status"] == status
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


def test_no_key_is_401(stacks: Stacks) -> None:
    answer = urllib3.request("GET", f"{stacks.outputs['ApiUrl']}/v1/assets")
    assert assert_problem(answer, 401)["code"] == "unauthenticated"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_malformed_key_is_401(stacks: Stacks, customer: Customer) -> None:
    for key in ("sk_local_0", "eyJhbGciOiJub25lIn0.e30.", "ключ"):
        headers = {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
        assert_problem(customer.http.request("GET", f"{stacks.outputs['ApiUrl']}/v1/assets", headers=headers), 401)


def test_an_unknown_key_is_401(stacks: Stacks, customer: Customer) -> None:
    """Well formed, checksum and all, but nobody was given it."""
    unknown = format_key("local", f"key_{'0' * 26}", base62(7, 43))
    assert (
        assert_problem(Api(stacks.outputs["ApiUrl"], unknown).request("GET", "/v1/assets"), 401)["code"]
        == "unauthenticated"
    )


def test_a_wrong_secret_is_401(stacks: Stacks, customer: Customer) -> None:
    made = stacks.operator.create_key(customer.tenant_id, ["assets:read"])
    forged = format_key("local", made["key_id"], base62(7, 43))
    assert_problem(Api(stacks.outputs["ApiUrl"], forged).request("GET", "/v1/assets"), 401)
    assert Api(stacks.outputs["ApiUrl"], made["key"]).request("GET", "/v1/assets").status == 200


def test_an_expired_key_is_401(stacks: Stacks, customer: Customer) -> None:
    """A day passes by setting its end back, before anybody used it."""
    made = stacks.operator.create_key(customer.tenant_id, ["assets:read"], expires_in_days=1)
    key = stacks.records.api_key(made["key_id"])
    assert key is not None and key.expires_at is not None
    ended = key.model_copy(update={"expires_at": key.created_at})
    stacks.engine.client("dynamodb").put_item(TableName=stacks.outputs["TableName"], Item=to_item(ended))
    refused = assert_problem(Api(stacks.outputs["ApiUrl"], made["key"]).request("GET", "/v1/assets"), 401)
    assert "expired" in refused["detail"]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/uploads", "uploads:write"),
        ("GET", "/v1/assets", "assets:read"),
        ("POST", "/v1/playback-sessions", "playback:sign"),
        ("GET", "/v1/webhooks", "webhooks:manage"),
    ],
)
def test_a_missing_scope_is_403_and_named(
    stacks: Stacks, customer: Customer, method: str, path: str, scope: str
) -> None:
    others = sorted({"uploads:write", "assets:read", "playback:sign", "webhooks:manage"} - {scope})
    api = Api(stacks.outputs["ApiUrl"], stacks.operator.create_key(customer.tenant_id, others)["key"])
    refused = assert_problem(api.request(method, path, {} if method == "POST" else None), 403)
    assert (refused["code"], scope in refused["detail"]) == ("missing_scope", True)


def test_the_playback_ring_does_not_manage(film: Film, stacks: Stacks) -> None:
    """A playback token is no API key."""
    token = film.session["hls_url"].split("token=")[1]
    assert_problem(Api(stacks.outputs["ApiUrl"], token).request("GET", "/v1/assets"), 401)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/uploads/{upload_id}", None),
        ("POST", "/v1/uploads/{upload_id}/parts", {"part_numbers": [1]}),
        ("GET", "/v1/uploads/{upload_id}/parts", None),
        ("POST", "/v1/uploads/{upload_id}/complete", None),
        ("DELETE", "/v1/uploads/{upload_id}", None),
        ("GET", "/v1/assets/{asset_id}", None),
        ("GET", "/v1/jobs/{job_id}", None),
        ("GET", "/v1/webhooks/{webhook_id}", None),
        ("DELETE", "/v1/webhooks/{webhook_id}", None),
        ("POST", "/v1/playback-sessions", {"playback_id": "{playback_id}"}),
    ],
)
def test_anothers_id_answers_as_an_unknown_one(
    film: Film, customer: Customer, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """Byte for byte, apart from the ids that the request itself named."""
    asset = film.customer.asset(film.slot)
    foreign = {name: film.slot[name] for name in ("upload_id", "asset_id", "playback_id")}
    foreign |= {"job_id": asset["job_id"], "webhook_id": film.customer.webhook_id}
    unknown = {name: value[:-26] + "0" * 26 for name, value in foreign.items()}

    def answer(ids: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        filled = {
            name: value.format(**ids) if isinstance(value, str) else value for name, value in (body or {}).items()
        }
        found = customer.api.request(method, path.format(**ids), filled if body else None)
        assert_problem(found, 404)
        text = found.data.decode().replace(found.headers["X-Request-Id"], "REQUEST")
        for name, value in ids.items():
            text = text.replace(value, name)
        headers = {name.lower(): value for name, value in found.headers.items()}
        return text.encode(), {
            n: v for n, v in headers.items() if n not in ("x-request-id", "x-correlation-id", "date", "apigw-requestid")
        }

    theirs, nobodys = answer(foreign), answer(unknown)
    lengths = [headers.pop("content-length", None) for _, headers in (theirs, nobodys)]
    assert theirs == nobodys
    assert lengths[0] == lengths[1]


def test_a_list_holds_the_tenants_own_only(
    film: Film,
    customer: Customer,
    stranger: Customer,
) -> None:
    mine = customer.reserve(film.source)
    assert [one["asset_id"] for one in customer.api.call("GET", "/v1/assets")["data"]] == [mine["asset_id"]]
    assert stranger.api.call("GET", "/v1/assets")["data"] == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/uploads", {"size_bytes": 1, "colour": "red"}, "/colour"),
        ("/v1/uploads", {"size_bytes": "many"}, "/size_bytes"),
        ("/v1/uploads", {}, "/size_bytes"),
        ("/v1/playback-sessions", {"playback_id": "plb_1", "ttl_s": 59}, "/ttl_s"),
        ("/v1/webhooks", {"url": "http://127.0.0.1:9/", "event_types": ["asset.creatd"]}, "/event_types/0"),
        ("/v1/webhooks", {"url": "http://169.254.169.254/latest/meta-data"}, "/url"),
        ("/v1/webhooks", {"url": "http://10.0.0.1:8080/"}, "/url"),
    ],
)
def test_a_field_that_is_wrong_is_422_and_pointed_at(
    customer: Customer, path: str, body: dict[str, Any], pointer: str
) -> None:
    refused = assert_problem(customer.api.request("POST", path, body), 422)
    assert pointer in [error["pointer"] for error in refused["errors"]]


def test_no_such_route_is_404(customer: Customer) -> None:
    assert customer.api.request("GET", "/v1/nothing").status == 404


def test_a_refused_request_stored_nothing(customer: Customer, stacks: Stacks) -> None:
    assert_problem(customer.api.request("POST", "/v1/uploads", {"size_bytes": 1, "colour": "red"}), 422)
    assert customer.api.call("GET", "/v1/assets")["data"] == []
    assert stacks.open_multipart_uploads(f"uploads/{customer.tenant_id}/") == []
