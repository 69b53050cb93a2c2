"""The HTTP API behind its own port: routes, authorizer context, CORS, bodies."""

from typing import Any

import pytest
import requests

from infra.local.engine import Engine
from infra.local.templates import create_stack
from tests.contract.engine.resources import Resource, attribute, function, ref, resource, role

TIMEOUT_S = 30
ORIGIN = "https://app.example"
AUTHORIZE = """
def handler(event, context):
    key = event["headers"].get("authorization", "")
    return {"isAuthorized": True, "context": {"tenant": "ten_1", "scopes": "a b"} if key else {"auth_error": "no key"}}
"""
ECHO = """
import json
def handler(event, context):
    if event["rawPath"] == "/v1/raise":
        raise RuntimeError("broken")
    if event["rawPath"] == "/v1/empty":
        return {"statusCode": 204, "body": None}
    return {"statusCode": 202, "headers": {"x-mine": "yes"}, "body": json.dumps(event)}
"""


def invocation_of(function_id: str) -> Resource:
    path = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    return {"Fn::Join": ["", [path, attribute(function_id, "Arn"), "/invocations"]]}


def authorizer() -> Resource:
    return resource(
        "ApiGatewayV2::Authorizer",
        ApiId=ref("Api"),
        Name="identify",
        AuthorizerType="REQUEST",
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=0,
        IdentitySource=[],
        AuthorizerUri=invocation_of("Authorize"),
    )


def template() -> dict[str, Resource]:
    cors = {
        "AllowOrigins": [ORIGIN],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["authorization", "idempotency-key"],
        "ExposeHeaders": ["x-request-id"],
    }
    api = ref("Api")
    route = {
        "ApiId": api,
        "AuthorizationType": "CUSTOM",
        "AuthorizerId": ref("Authorizer"),
        "Target": {"Fn::Join": ["/", ["integrations", ref("Integration")]]},
    }
    return {
        "Role": role("lambda"),
        "Authorize": function(AUTHORIZE, "Role"),
        "Echo": function(ECHO, "Role"),
        "Api": resource("ApiGatewayV2::Api", Name="api", ProtocolType="HTTP", CorsConfiguration=cors),
        "Stage": resource("ApiGatewayV2::Stage", ApiId=api, StageName="$default", AutoDeploy=True),
        "Authorizer": authorizer(),
        "Integration": resource(
            "ApiGatewayV2::Integration",
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=attribute("Echo", "Arn"),
            PayloadFormatVersion="2.0",
        ),
        "Create": resource("ApiGatewayV2::Route", RouteKey="POST /v1/assets", **route),
        "Read": resource("ApiGatewayV2::Route", RouteKey="GET /v1/assets/{asset_id}", **route),
        "Empty": resource("ApiGatewayV2::Route", RouteKey="GET /v1/empty", **route),
        "Raise": resource("ApiGatewayV2::Route", RouteKey="GET /v1/raise", **route),
    }


@pytest.fixture(scope="module")
def api(engine: Engine) -> str:
    engine.route(create_stack(engine, "api", template(), {"Id": ref("Api")})["Id"], "none")
    return engine.api_url


def call(api: str, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(method, api + path, timeout=TIMEOUT_S, **options)


def test_a_function_gets_the_request_in_payload_2(api: str) -> None:
    answer = call(
        api, "POST", "/v1/assets?limit=5", data=b'{"title":"\xc3\xa9"}', headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.headers["x-mine"]) == (202, "yes")
    event = answer.json()
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /v1/assets", "/v1/assets")
    assert event["rawQueryString"] == "limit=5"
    assert event["body"] == '{"title":"é"}'
    assert event["requestContext"]["http"]["method"] == "POST"


def test_path_parameters_reach_the_function(api: str) -> None:
    assert call(api, "GET", "/v1/assets/ast_1").json()["pathParameters"] == {"asset_id": "ast_1"}


@pytest.mark.parametrize(
    ("headers", "context"),
    [({"Authorization": "Bearer k"}, {"tenant": "ten_1", "scopes": "a b"}), ({}, {"auth_error": "no key"})],
)
def test_the_authorizer_s_context_reaches_the_function(api: str, headers: dict[str, str], context: Any) -> None:
    event = call(api, "GET", "/v1/assets/ast_1", headers=headers).json()
    assert event["requestContext"]["authorizer"]["lambda"] == context


def test_an_unknown_route_is_the_gateway_s_404(api: str) -> None:
    answer = call(api, "GET", "/v1/nothing")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_function_that_raises_is_a_500_without_its_words(api: str) -> None:
    answer = call(api, "GET", "/v1/raise")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_a_null_body_is_an_empty_one(api: str) -> None:
    answer = call(api, "GET", "/v1/empty")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_preflight_is_answered_by_the_api_s_cors(api: str) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = call(api, "OPTIONS", "/v1/assets", headers=headers | {"Access-Control-Request-Headers": "idempotency-key"})
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "idempotency-key" in answer.headers["Access-Control-Allow-Headers"]
    stranger = call(api, "OPTIONS", "/v1/assets", headers=headers | {"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert call(api, "GET", "/v1/assets/a", headers={"Origin": ORIGIN}).headers["Access-Control-Allow-Origin"] == ORIGIN


def test_nothing_deployed_says_so(engine: Engine, tmp_path_factory: pytest.TempPathFactory, api: str) -> None:
    routed = engine.targets.read_text()
    engine.targets.unlink()
    try:
        assert call(api, "GET", "/v1/assets/a").status_code == 503
        assert requests.get(engine.media_url, timeout=TIMEOUT_S).status_code == 503
    finally:
        engine.targets.write_text(routed)
