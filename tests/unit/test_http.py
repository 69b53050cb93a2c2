"""The step that all API functions share: identity, scope, validation, and one shape for every failure."""

import json
import logging
from base64 import b64encode
from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from sluice.domain.errors import AssetNotFound, ProviderFailure, WriteConflict
from sluice.http import (
    IdempotencyKey,
    Limit,
    RequestBody,
    ResponseBody,
    Timestamp,
    api,
    caller,
    created,
    keyed,
    needs,
    no_content,
)
from sluice.service.identity import AuthError
from tests.fakes.gateway import KEY, TENANT, LambdaContext, request
from tests.fakes.time import FakeClock

READ, WRITE = ["assets:read"], ["assets:write"]


class NewThing(RequestBody):
    name: Annotated[str, Field(max_length=10)]
    sizes: list[int] = []


class ThingView(ResponseBody):
    name: str
    made_at: Timestamp


@pytest.fixture
def app() -> APIGatewayHttpResolver:
    app = api()
    view = ThingView(name="a", made_at=FakeClock()())

    @app.post("/v1/things", status_code=201, security=needs("assets:write"))
    def create_thing(body: Annotated[NewThing, Body()], idempotency_key: IdempotencyKey = None) -> Response[ThingView]:
        return created(view.model_copy(update={"name": body.name}), replayed=idempotency_key == "again")

    @app.get("/v1/things", security=needs("assets:read"))
    def list_things(limit: Limit = 25) -> ThingView:
        return view.model_copy(update={"name": str(limit)})

    @app.get("/v1/things/<thing>", security=needs("assets:read"))
    def get_thing(thing: str) -> ThingView:
        failures = {
            "missing": AssetNotFound(),
            "raced": WriteConflict(),
            "down": ProviderFailure(),
            "bug": RuntimeError("secret internals"),
        }
        if thing in failures:
            raise failures[thing]
        if thing == "wrong-answer":
            return {"name": 5}  # type: ignore[return-value]
        return view.model_copy(update={"name": "|".join(map(str, caller(app)[:2]))})

    @app.delete("/v1/things/<thing>", status_code=204, security=needs("assets:write"))
    def delete_thing(thing: str) -> Response[None]:
        return no_content()

    @app.post("/v1/things/<thing>/copies", security=needs("assets:write"))
    def copy_thing(
        thing: str, body: Annotated[NewThing, Body()], idempotency_key: IdempotencyKey = None
    ) -> dict[str, Any]:
        return keyed(app, idempotency_key)._asdict()

    return app


def call(app: APIGatewayHttpResolver, *arguments: Any, **options: Any) -> tuple[int, dict[str, str], Any]:
    answer = app.resolve(request(*arguments, **options), LambdaContext())  # type: ignore[arg-type]
    return answer["statusCode"], answer["headers"], json.loads(answer["body"]) if answer["body"] else None


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


# failures: the shape


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


# who and what


@pytest.mark.parametrize("error", [each for each in AuthError if each is not AuthError.UNAVAILABLE])
def test_no_identity_is_401_before_anything_else(app: APIGatewayHttpResolver, error: AuthError) -> None:
    status, headers, body = call(app, "POST", "/v1/things", raw_body="{", authorizer={"auth_error": str(error)})
    assert (status, body["code"]) == (401, "unauthenticated")
    assert headers["WWW-Authenticate"].startswith("Bearer")


def test_the_reasons_read_differently(app: APIGatewayHttpResolver) -> None:
    errors = [AuthError.MISSING_KEY, AuthError.MALFORMED_KEY, AuthError.INVALID_KEY, AuthError.EXPIRED_KEY]
    details = {call(app, "GET", "/v1/things", authorizer={"auth_error": str(error)})[2]["detail"] for error in errors}
    assert len(details) == 4


def test_an_authorizer_that_cannot_look_is_503(app: APIGatewayHttpResolver) -> None:
    status, headers, body = call(app, "GET", "/v1/things", authorizer={"auth_error": str(AuthError.UNAVAILABLE)})
    assert (status, body["code"], body["retryable"]) == (503, "provider_failure", True)
    assert int(headers["Retry-After"]) > 0


@pytest.mark.parametrize("context", [{}, {"tenant": TENANT}, {"key_id": KEY}, {"tenant": "", "key_id": KEY}])
def test_an_empty_authorizer_context_is_401(app: APIGatewayHttpResolver, context: dict[str, str]) -> None:
    assert call(app, "GET", "/v1/things", authorizer=context)[0] == 401


def test_no_authorizer_at_all_is_401(app: APIGatewayHttpResolver) -> None:
    event = request("GET", "/v1/things")
    del event["requestContext"]["authorizer"]
    assert app.resolve(event, LambdaContext())["statusCode"] == 401  # type: ignore[arg-type]


@pytest.mark.parametrize("scopes", [[], ["assets:write"], ["assets:reader"]])
def test_a_missing_scope_is_403_and_named(app: APIGatewayHttpResolver, scopes: list[str]) -> None:
    status, _, body = call(app, "GET", "/v1/things", scopes=scopes, query={"limit": "x"})
    assert (status, body["code"]) == (403, "missing_scope")
    assert "assets:read" in body["detail"]


def test_a_caller_does_not_reach_the_next_request(app: APIGatewayHttpResolver) -> None:
    call(app, "GET", "/v1/things", scopes=READ)
    assert "caller" not in app.context


# what Powertools and pydantic find


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/name", "missing"),
        ({"name": "a", "nmae": 1}, "/nmae", "unknown_field"),
        ({"name": "a", "a/b~c": 1}, "/a~1b~0c", "unknown_field"),
        ({"name": 5}, "/name", "wrong_type"),
        ({"name": "a" * 11}, "/name", "too_long"),
        ({"name": "a", "sizes": [1, "two"]}, "/sizes/1", "wrong_type"),
        ([{"name": "a"}], "", "wrong_type"),
        ("text", "", "wrong_type"),
    ],
)
def test_a_bad_body_is_422_and_points_at_the_field(
    app: APIGatewayHttpResolver, body: Any, pointer: str, code: str
) -> None:
    status, _, answer = call(app, "POST", "/v1/things", body=body, scopes=WRITE)
    assert (status, answer["code"]) == (422, "invalid_request")
    assert [(error["pointer"], error["code"]) for error in answer["errors"]] == [(pointer, code)]


def test_the_answer_to_a_huge_bad_body_is_small(app: APIGatewayHttpResolver) -> None:
    body = {"k" * 10_000 + str(number): number for number in range(100)}
    answer = app.resolve(request("POST", "/v1/things", body=body, scopes=WRITE), LambdaContext())  # type: ignore[arg-type]
    assert answer["statusCode"] == 422
    assert len(answer["body"]) < 10_000


def test_a_missing_body_is_422(app: APIGatewayHttpResolver) -> None:
    status, _, answer = call(app, "POST", "/v1/things", scopes=WRITE)
    assert (status, answer["errors"][0]["code"]) == (422, "missing")


@pytest.mark.parametrize(
    "raw", ["{", "null}", '{"name": NaN}', '{"name": Infinity}', "[" * 100_000, '{"sizes": [' + "9" * 5_000 + "]}"]
)
def test_malformed_json_is_400(app: APIGatewayHttpResolver, raw: str) -> None:
    status, _, body = call(app, "POST", "/v1/things", raw_body=raw, scopes=WRITE)
    assert (status, body["code"]) == (400, "malformed_body")


def test_a_body_that_is_not_text_is_400(app: APIGatewayHttpResolver) -> None:
    encoded = b64encode(b"\xff\xfe{}").decode()
    event = request("POST", "/v1/things", raw_body=encoded, scopes=WRITE) | {"isBase64Encoded": True}
    assert app.resolve(event, LambdaContext())["statusCode"] == 400  # type: ignore[arg-type]


def test_lone_surrogates_are_refused_not_a_crash(app: APIGatewayHttpResolver) -> None:
    status, _, body = call(app, "POST", "/v1/things", raw_body='{"name": "\\ud800"}', scopes=WRITE)
    assert (status, body["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
@pytest.mark.parametrize("raw", ['{"name":"a"}', ""])
def test_other_media_types_are_415(app: APIGatewayHttpResolver, media_type: str, raw: str) -> None:
    headers = {"Content-Type": media_type}
    status, _, body = call(app, "POST", "/v1/things", raw_body=raw, headers=headers, scopes=WRITE)
    assert (status, body["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8"])
def test_json_is_json(app: APIGatewayHttpResolver, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    assert call(app, "POST", "/v1/things", body={"name": "a"}, headers=headers, scopes=WRITE)[0] == 201


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"limit": "0"}, "query.limit", "out_of_range"),
        ({"limit": "101"}, "query.limit", "out_of_range"),
        ({"limit": "many"}, "query.limit", "wrong_type"),
        ({"limit": "1,2"}, "query.limit", "wrong_type"),
        ({"limt": "5"}, "query.limt", "unknown_field"),
    ],
)
def test_bad_parameters_are_422(app: APIGatewayHttpResolver, query: dict[str, str], pointer: str, code: str) -> None:
    status, _, body = call(app, "GET", "/v1/things", query=query, scopes=READ)
    assert status == 422
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_bad_idempotency_key_is_422(app: APIGatewayHttpResolver, key: str) -> None:
    headers = {"Idempotency-Key": key}
    status, _, body = call(app, "POST", "/v1/things", body={"name": "a"}, headers=headers, scopes=WRITE)
    assert (status, body["errors"][0]["pointer"]) == (422, "header.idempotency-key")


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nowhere"), ("PATCH", "/v1/things"), ("GET", "/")])
def test_an_unknown_route_is_404(app: APIGatewayHttpResolver, method: str, path: str) -> None:
    status, _, body = call(app, method, path, scopes=READ, query={"any": "thing"})
    assert (status, body["code"]) == (404, "route_not_found")


# our own failures


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


# idempotency keys


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
