"""The step that all API functions share: answers, one shape for every failure, tracing."""

import json
import logging

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from tests.fakes.gateway import KEY, TENANT
from tests.unit.things_api import READ, WRITE, call, things_api


@pytest.fixture
def app() -> APIGatewayHttpResolver:
    return things_api()


def test_a_good_request(app: APIGatewayHttpResolver) -> None:
    status, headers, body = call(app, "POST", "/v1/things", body={"name": "film"}, scopes=WRITE)
    assert (status, body) == (201, {"name": "film", "made_at": "2026-12-01T10:00:00.000Z"})
    assert headers["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in headers


def test_the_caller_comes_from_the_key(app: APIGatewayHttpResolver) -> None:
    assert call(app, "GET", "/v1/things/x", scopes=READ)[2]["name"] == f"{TENANT}|{KEY}"


def test_a_replay_says_so(app: APIGatewayHttpResolver) -> None:
    headers = {"Idempotency-Key": "again"}
    assert (
        call(app, "POST", "/v1/things", body={"name": "a"}, scopes=WRITE, headers=headers)[1]["Idempotent-Replayed"]
        == "true"
    )


def test_no_content(app: APIGatewayHttpResolver) -> None:
    status, headers, body = call(app, "DELETE", "/v1/things/x", scopes=WRITE)
    assert (status, body) == (204, None)
    assert "Content-Type" not in headers


def test_a_problem_has_every_member_and_only_those(app: APIGatewayHttpResolver) -> None:
    status, headers, body = call(app, "GET", "/v1/things/missing", scopes=READ, headers={"X-Correlation-Id": "order-7"})
    assert status == 404
    assert headers["Content-Type"] == "application/problem+json"
    assert body == {
        "type": "urn:sluice:error:asset_not_found",
        "title": "There is no such asset.",
        "status": 404,
        "detail": "There is no such asset.",
        "instance": "/v1/things/missing",
        "code": "asset_not_found",
        "request_id": "gateway-request=",
        "correlation_id": "order-7",
        "retryable": False,
        "errors": [],
    }


@pytest.mark.parametrize("path", ["/v1/things/x", "/v1/things/missing", "/v1/nowhere"])
def test_every_answer_carries_the_headers(app: APIGatewayHttpResolver, path: str) -> None:
    _, headers, _ = call(app, "GET", path, scopes=READ)
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"] == headers["X-Correlation-Id"] == "gateway-request="


@pytest.mark.parametrize("offered", ["", "a" * 129, "a b", "a\r\nSet-Cookie: x", "é", "a;b"])
def test_a_malformed_correlation_id_is_replaced(app: APIGatewayHttpResolver, offered: str) -> None:
    _, headers, _ = call(app, "GET", "/v1/things/x", scopes=READ, headers={"X-Correlation-Id": offered})
    assert headers["X-Correlation-Id"] == "gateway-request="


def test_the_longest_correlation_id(app: APIGatewayHttpResolver) -> None:
    offered = "a.B-9_:/=+" * 12 + "12345678"
    _, headers, _ = call(app, "GET", "/v1/things/x", scopes=READ, headers={"X-Correlation-Id": offered})
    assert headers["X-Correlation-Id"] == offered


@pytest.mark.parametrize(
    ("thing", "status", "code", "retryable"),
    [
        ("raced", 409, "write_conflict", True),
        ("down", 503, "provider_failure", True),
        ("bug", 500, "internal_error", False),
        ("wrong-answer", 500, "internal_error", False),
    ],
)
def test_failures_are_typed_and_hold_no_internals(
    app: APIGatewayHttpResolver, thing: str, status: int, code: str, retryable: bool
) -> None:
    answered, headers, body = call(app, "GET", f"/v1/things/{thing}", scopes=READ)
    assert (answered, body["code"], body["retryable"]) == (status, code, retryable)
    assert "internals" not in json.dumps(body)
    assert ("Retry-After" in headers) == retryable


def test_refusals_are_logged_at_info_and_failures_with_their_cause(
    app: APIGatewayHttpResolver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    headers = {"Authorization": "Bearer sk_dev_secret"}
    call(app, "POST", "/v1/things", body={"name": ["private"]}, scopes=WRITE, headers=headers)
    call(app, "GET", "/v1/things/bug", scopes=READ)
    refused, failed = caplog.records
    assert (refused.levelname, refused.message, vars(refused)["code"]) == ("INFO", "request_refused", "invalid_request")
    assert (failed.levelname, failed.message, failed.exc_info is not None) == ("ERROR", "request_failed", True)
    assert "private" not in caplog.text and "sk_dev" not in caplog.text


def test_a_keyed_request_is_told_by_tenant_route_key_and_content(app: APIGatewayHttpResolver) -> None:
    def copy(path: str = "/v1/things/x/copies", body: str = '{"name":"a","sizes":[1]}') -> dict[str, str]:
        answer: dict[str, str] = call(
            app, "POST", path, raw_body=body, scopes=WRITE, headers={"Idempotency-Key": "k-1"}
        )[2]
        return answer

    first = copy()
    assert (first["tenant_id"], first["route"], first["key"]) == (TENANT, "POST /v1/things/{thing}/copies", "k-1")
    assert copy(body='{ "sizes": [1], "name": "a" }') == first  # spelled otherwise, the same content
    assert copy(body='{"name":"b","sizes":[1]}')["body_hash"] != first["body_hash"]
    assert copy(path="/v1/things/y/copies")["body_hash"] != first["body_hash"]
