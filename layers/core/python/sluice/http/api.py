"""The resolver behind every `api_*` function: Powertools' own, with our steps in front of its validation."""

import json
from functools import partial
from typing import Any, NoReturn

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)

from sluice.domain.errors import FieldError, InvalidRequest, MalformedBody, RouteNotFound, UnsupportedMediaType
from sluice.http.caller import authorise, event_trace
from sluice.http.problems import problem
from sluice.http.s3_xml import failure, speaks_s3
from sluice.observability import bind

SECURITY_HEADERS = {
    "Cache-Control": "no-store",  # answers hold presigned URLs and tenants' data
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


def api() -> APIGatewayHttpResolver:
    """Powertools would validate before any middleware (`enable_validation=True`), telling strangers what a body lacks
    before asking who they are. Its two validation steps are therefore used as middlewares, after ours."""
    app = APIGatewayHttpResolver(json_body_deserializer=partial(json.loads, parse_constant=_no_constant))
    app.use(
        [
            answer,
            authorise,
            check_request,
            OpenAPIRequestValidationMiddleware(),  # type: ignore[no-untyped-call]
            OpenAPIResponseValidationMiddleware(has_response_validation_error=True),
        ]
    )

    @app.not_found
    def no_route(_: NotFoundError) -> NoReturn:
        raise RouteNotFound()

    return app


def answer(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Outermost: every answer leaves here, failures as problem+json or S3's XML, all with the same headers."""
    event = app.current_event
    trace = event_trace(event)
    bind(request_id=trace.request_id, correlation_id=trace.correlation_id, route=app.request.route)
    try:
        response: Response[Any] = next_middleware(app)
    except Exception as error:
        s3 = speaks_s3(app)
        response = failure(error, trace=trace) if s3 else problem(error, instance=event.path, trace=trace)
    response.headers.update(SECURITY_HEADERS)
    response.headers["X-Request-Id"] = trace.request_id
    response.headers["X-Correlation-Id"] = trace.correlation_id
    return response


def check_request(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """What Powertools' validation lets pass: unknown query parameters, form bodies, a list instead of an object.

    Raises InvalidRequest, MalformedBody, UnsupportedMediaType.
    """
    route, event = app.context["_route"], app.current_event
    if not route.security:  # no route of ours: on its way to RouteNotFound
        return next_middleware(app)
    known = {field.alias for field in route.dependant.query_params}
    if unknown := sorted(set(event.query_string_parameters) - known):
        raise InvalidRequest(
            errors=tuple(FieldError(f"query.{name}", "unknown_field", "Unknown parameter.") for name in unknown)
        )
    if route.dependant.body_params:
        _check_body(app)
    return next_middleware(app)


def _check_body(app: APIGatewayHttpResolver) -> None:
    media_type = (app.current_event.headers.get("content-type") or "application/json").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise UnsupportedMediaType()
    try:
        body = app.current_event.json_body
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, not base64, nested without end
        raise MalformedBody() from error
    if body is not None and not isinstance(body, dict):
        raise InvalidRequest(errors=(FieldError("", "wrong_type", "The body must be an object."),))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
