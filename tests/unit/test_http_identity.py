"""Who calls, and whether that key may: before anything else is looked at."""

import json

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from sluice.observability import observed
from sluice.service.identity import AuthError
from tests.fakes.gateway import KEY, TENANT, LambdaContext, request
from tests.unit.things_api import READ, call, things_api


@pytest.fixture
def app() -> APIGatewayHttpResolver:
    return things_api()


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


def test_the_reason_of_a_refusal_is_logged(app: APIGatewayHttpResolver, capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler = observed("api_things")(app.resolve)
    lambda_handler(request("GET", "/v1/things", authorizer={"auth_error": "expired_key"}), LambdaContext())
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["message"], line["code"], line["auth_error"]) == ("request_refused", "unauthenticated", "expired_key")
    assert (line["route"], line["request_id"]) == ("/v1/things", "gateway-request=")
