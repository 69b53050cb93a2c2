"""The HTTP API: routes, identity, limits, logs."""

from tests.infra.deployment import Deployment, flat

ROUTES = {
    "api_uploads": {
        "POST /v1/uploads",
        "GET /v1/uploads/{upload_id}",
        "DELETE /v1/uploads/{upload_id}",
        "POST /v1/uploads/{upload_id}/parts",
        "GET /v1/uploads/{upload_id}/parts",
        "POST /v1/uploads/{upload_id}/complete",
        "POST /v1/uploads/{upload_id}/token",
        "POST /v1/uploads/{upload_id}/s3",
        "GET /v1/uploads/{upload_id}/s3",
        "DELETE /v1/uploads/{upload_id}/s3",
    },
    "api_ingest": {"POST /v1/assets", "POST /v1/assets:batch"},
    "api_policies": {
        "POST /v1/intake-policies",
        "GET /v1/intake-policies",
        "GET /v1/intake-policies/{policy_id}",
        "PATCH /v1/intake-policies/{policy_id}",
        "DELETE /v1/intake-policies/{policy_id}",
        "POST /v1/encoding-profiles",
        "GET /v1/encoding-profiles",
        "GET /v1/encoding-profiles/{profile_id}",
        "PATCH /v1/encoding-profiles/{profile_id}",
        "DELETE /v1/encoding-profiles/{profile_id}",
    },
    "api_assets": {
        "GET /v1/assets",
        "GET /v1/assets/{asset_id}",
        "POST /v1/assets/{asset_id}/approve",
        "POST /v1/assets/{asset_id}/reject",
        "POST /v1/assets/{asset_id}/retry",
        "GET /v1/jobs",
        "GET /v1/jobs/{job_id}",
        "POST /v1/jobs/{job_id}/cancel",
        "GET /v1/assets/{asset_id}/timeline",
        "GET /v1/event-types",
    },
    "api_events": {"GET /v1/events"},
    "api_thumbnails": {
        "POST /v1/assets/{asset_id}/thumbnails",
        "GET /v1/assets/{asset_id}/thumbnails",
        "GET /v1/assets/{asset_id}/thumbnails/{thumbnail_id}",
        "DELETE /v1/assets/{asset_id}/thumbnails/{thumbnail_id}",
    },
    "api_webhooks": {
        "POST /v1/webhooks",
        "GET /v1/webhooks",
        "GET /v1/webhooks/{webhook_id}",
        "PATCH /v1/webhooks/{webhook_id}",
        "DELETE /v1/webhooks/{webhook_id}",
        "POST /v1/webhooks/{webhook_id}/rotate-secret",
    },
    "api_deliveries": {
        "POST /v1/webhooks/{webhook_id}/test",
        "GET /v1/webhooks/{webhook_id}/deliveries",
        "GET /v1/webhooks/{webhook_id}/deliveries/{event_id}",
        "POST /v1/webhooks/{webhook_id}/deliveries/{event_id}/redrive",
        "GET /v1/dead-letters",
        "POST /v1/webhooks/{webhook_id}/replay",
        "GET /v1/webhooks/{webhook_id}/replays/{replay_id}",
        "POST /v1/dead-letters:redrive",
    },
    "api_playback": {"POST /v1/playback-sessions"},
}


def test_every_route_leads_to_its_function(dev: Deployment) -> None:
    integrations = {
        one.logical_id: flat(one.properties["IntegrationUri"])
        for one in dev.resources("AWS::ApiGatewayV2::Integration")
    }
    found: dict[str, set[str]] = {name: set() for name in ROUTES}
    for route in dev.resources("AWS::ApiGatewayV2::Route"):
        uri = integrations[route.properties["Target"]["Fn::Join"][1][1]["Ref"]]
        [name] = [name for name in ROUTES if dev.function(name).logical_id in uri]
        found[name].add(route.properties["RouteKey"])
    assert found == ROUTES


def test_every_route_asks_the_authorizer(dev: Deployment) -> None:
    authorizer = dev.only("AWS::ApiGatewayV2::Authorizer").logical_id
    for route in dev.resources("AWS::ApiGatewayV2::Route"):
        assert route.properties["AuthorizationType"] == "CUSTOM", route.name
        assert route.properties["AuthorizerId"] == {"Ref": authorizer}, route.name


def test_the_authorizer_decides_about_every_request_itself(dev: Deployment) -> None:
    """An identity source would make the gateway answer 401 in its own shape; its cache mixes routes up."""
    settings = dev.only("AWS::ApiGatewayV2::Authorizer").properties
    assert settings["IdentitySource"] == []
    assert settings["AuthorizerResultTtlInSeconds"] == 0
    assert settings["AuthorizerPayloadFormatVersion"] == "2.0"
    assert settings["EnableSimpleResponses"] is True
    assert dev.function("authorizer").logical_id in flat(settings["AuthorizerUri"])


def test_integrations_speak_payload_version_2(dev: Deployment) -> None:
    integrations = dev.resources("AWS::ApiGatewayV2::Integration")
    assert {one.properties["PayloadFormatVersion"] for one in integrations} == {"2.0"}


def test_a_runaway_client_is_throttled(dev: Deployment) -> None:
    limits = dev.only("AWS::ApiGatewayV2::Stage").properties["DefaultRouteSettings"]
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]


def test_the_access_log_holds_no_query_and_no_credential(dev: Deployment) -> None:
    settings = dev.only("AWS::ApiGatewayV2::Stage").properties["AccessLogSettings"]
    assert "$context.requestId" in settings["Format"]
    assert "$context.routeKey" in settings["Format"]
    for leaking in ("$context.path", "authorization", "querystring", "$context.identity"):
        assert leaking not in settings["Format"].lower()


def test_browsers_may_call_the_api(dev: Deployment) -> None:
    cors = dev.only("AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(cors["AllowHeaders"])
    assert {"etag", "location", "retry-after"} <= set(cors["ExposeHeaders"])
    assert set(cors["AllowMethods"]) == {"GET", "POST", "PATCH", "DELETE"}
    assert "AllowCredentials" not in cors
