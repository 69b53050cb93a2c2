"""API Gateway HTTP API: CORS, throttling and an access log without queries or credentials."""

import json
from collections.abc import Iterable
from typing import NamedTuple, cast

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Config
from infra.constructs.log_group import log_group

RATE_PER_S, BURST = 200, 400  # of the whole API; a runaway client meets 429 before the account's Lambda limit

_LOGGED = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "tenant": "$context.authorizer.tenant",
    "key_id": "$context.authorizer.key_id",
    "error": "$context.error.message",
}

_EXPOSED = ["etag", "location", "x-request-id", "x-correlation-id", "idempotent-replayed", "retry-after"]


class Route(NamedTuple):
    method: str
    path: str


class HttpApi(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, authorizer: apigw.IHttpRouteAuthorizer
    ) -> None:
        super().__init__(scope, construct_id)
        self._authorizer = authorizer
        self.api = apigw.HttpApi(
            self,
            "Api",
            api_name=config.prefix,
            create_default_stage=False,
            cors_preflight=apigw.CorsPreflightOptions(
                allow_origins=list(config.allowed_origins),
                allow_methods=[
                    apigw.CorsHttpMethod.GET,
                    apigw.CorsHttpMethod.POST,
                    apigw.CorsHttpMethod.PATCH,
                    apigw.CorsHttpMethod.DELETE,
                ],
                allow_headers=["authorization", "content-type", "idempotency-key", "if-match", "x-correlation-id"],
                expose_headers=_EXPOSED,
                max_age=Duration.hours(1),
            ),
        )
        logs_to = log_group(self, config=config, name=f"/aws/vendedlogs/http-api/{config.prefix}")
        stage = apigw.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigw.ThrottleSettings(rate_limit=RATE_PER_S, burst_limit=BURST),
        )
        cast(apigw.CfnStage, stage.node.default_child).access_log_settings = apigw.CfnStage.AccessLogSettingsProperty(
            destination_arn=logs_to.log_group_arn, format=json.dumps(_LOGGED)
        )

    def route(self, function: lambda_.IFunction, routes: Iterable[Route]) -> None:
        integration = integrations.HttpLambdaIntegration("Integration", function)
        for route in routes:
            self.api.add_routes(
                path=route.path,
                methods=[apigw.HttpMethod[route.method]],
                integration=integration,
                authorizer=self._authorizer,
            )
