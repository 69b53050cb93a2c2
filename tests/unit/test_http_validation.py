"""What a request may look like, and where the answer points when it does not."""

from base64 import b64encode
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from tests.fakes.gateway import LambdaContext, request
from tests.unit.things_api import READ, WRITE, call, things_api


@pytest.fixture
def app() -> APIGatewayHttpResolver:
    return things_api()


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


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "Application/JSON"]
)
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
