"""Who calls, and whether that key may use this route."""

from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from sluice.domain.errors import MissingScope, ProviderFailure, Unauthenticated
from sluice.domain.upload_errors import UploadNotFound
from sluice.observability import bind
from sluice.problem_json import Trace, trace_of

API_KEY = "api_key"  # names of the OpenAPI security schemes
UPLOAD_TOKEN = "upload_token"  # noqa: S105  # a name
AUTHORIZER_UNAVAILABLE = "unavailable"

_AUTH_ERRORS = {
    "missing_key": "Send an API key: Authorization: Bearer sk_...",
    "malformed_key": "This is not an API key of this environment; check that it was copied whole.",
    "expired_key": "This API key has expired.",
    "invalid_token": "This is not an upload token of this environment; check that it was copied whole.",
    "expired_token": "This upload token has expired; ask the server that made it for another one.",
}


class Caller(NamedTuple):
    tenant_id: str
    key_id: str | None  # None: an upload token
    scopes: frozenset[str]
    request_id: str
    correlation_id: str
    origin: str | None  # of the page, when a browser calls from one


def event_trace(event: APIGatewayProxyEventV2) -> Trace:
    return trace_of(event.request_context.request_id, event.headers)


def needs(scope: str) -> list[dict[str, list[str]]]:
    """A route's scope, as its OpenAPI `security`: what is documented is what `authorise` checks."""
    return [{API_KEY: [scope]}]


def needs_or_upload_token(scope: str) -> list[dict[str, list[str]]]:
    """A route below `/v1/uploads/{upload_id}` that the upload's own token opens as well."""
    return [*needs(scope), {UPLOAD_TOKEN: []}]


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
    event = app.current_event
    if bound_to := found.get("upload_id"):
        _check_bound(app, bound_to)
        app.context["caller"] = Caller(found["tenant"], None, frozenset(), *event_trace(event), origin_of(event))
        bind(tenant_id=found["tenant"], upload_id=bound_to)
        return next_middleware(app)
    if not (found.get("tenant") and found.get("key_id")):
        raise Unauthenticated()
    scopes = frozenset(found.get("scopes", "").split())
    for scope in _needed(app):
        if scope not in scopes:
            raise MissingScope(f"This route needs the scope {scope}.")
    app.context["caller"] = Caller(found["tenant"], found["key_id"], scopes, *event_trace(event), origin_of(event))
    bind(tenant_id=found["tenant"], key_id=found["key_id"])
    return next_middleware(app)


def _check_bound(app: APIGatewayHttpResolver, upload_id: str) -> None:
    """Another upload is as unknown as a foreign one; other routes want a key."""
    if not any(UPLOAD_TOKEN in requirement for requirement in app.context["_route"].security or []):
        raise MissingScope("An upload token opens the parts, the completion and the abort of its own upload only.")
    if app.context["_route_args"].get("upload_id") != upload_id:
        raise UploadNotFound()


def origin_of(event: APIGatewayProxyEventV2) -> str | None:
    return event.headers.get("origin")


def _authorizer_context(event: APIGatewayProxyEventV2) -> dict[str, str]:
    request = event.raw_event.get("requestContext") or {}
    return dict((request.get("authorizer") or {}).get("lambda") or {})


def _needed(app: APIGatewayHttpResolver) -> list[str]:
    security = app.context["_route"].security or []
    return [scope for requirement in security for scope in requirement.get(API_KEY, [])]
