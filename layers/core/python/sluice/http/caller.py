"""Who calls, and whether that key may use this route."""

from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from sluice.domain.errors import MissingScope, ProviderFailure, Unauthenticated
from sluice.observability import bind
from sluice.problem_json import Trace, trace_of

API_KEY = "api_key"  # name of the OpenAPI security scheme
AUTHORIZER_UNAVAILABLE = "unavailable"

_AUTH_ERRORS = {
    "missing_key": "Send an API key: Authorization: Bearer sk_...",
    "malformed_key": "This is not an API key of this environment; check that it was copied whole.",
    "expired_key": "This API key has expired.",
}


class Caller(NamedTuple):
    tenant_id: str
    key_id: str
    scopes: frozenset[str]
    request_id: str
    correlation_id: str


def event_trace(event: APIGatewayProxyEventV2) -> Trace:
    return trace_of(event.request_context.request_id, event.headers)


def needs(scope: str) -> list[dict[str, list[str]]]:
    """A route's scope, as its OpenAPI `security`: what is documented is what `authorise` checks."""
    return [{API_KEY: [scope]}]


def caller(app: APIGatewayHttpResolver) -> Caller:
    who = app.context["caller"]
    assert isinstance(who, Caller)  # noqa: S101  # set by `authorise` before any route runs
    return who


def authorise(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Turn the authorizer's finding into a Caller. Raises Unauthenticated, MissingScope, ProviderFailure.

    The authorizer itself lets every request pass, because an HTTP API's own denial cannot carry our error shape.
    """
    found = _authorizer_context(app.current_event)
    if error := found.get("auth_error"):
        bind(auth_error=error)
        if error == AUTHORIZER_UNAVAILABLE:
            raise ProviderFailure("The API key could not be checked; try again.")
        raise Unauthenticated(_AUTH_ERRORS.get(error))
    if not (found.get("tenant") and found.get("key_id")):
        raise Unauthenticated()
    scopes = frozenset(found.get("scopes", "").split())
    for scope in _needed(app):
        if scope not in scopes:
            raise MissingScope(f"This route needs the scope {scope}.")
    app.context["caller"] = Caller(found["tenant"], found["key_id"], scopes, *event_trace(app.current_event))
    bind(tenant_id=found["tenant"], key_id=found["key_id"])
    return next_middleware(app)


def _authorizer_context(event: APIGatewayProxyEventV2) -> dict[str, str]:
    request = event.raw_event.get("requestContext") or {}
    return dict((request.get("authorizer") or {}).get("lambda") or {})


def _needed(app: APIGatewayHttpResolver) -> list[str]:
    security = app.context["_route"].security or []
    return [scope for requirement in security for scope in requirement.get(API_KEY, [])]
