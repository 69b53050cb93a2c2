"""RFC 9457 problem+json without Powertools: the one place where errors become HTTP statuses.

Apart from `sluice.http`, whose resolver would double the cold start of `playback`.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from sluice.domain import errors as domain
from sluice.domain.errors import SluiceError

PROBLEM_JSON = "application/problem+json"

# A class that is not listed has the status of its nearest listed parent.
STATUS: Mapping[type[SluiceError], HTTPStatus] = {
    SluiceError: HTTPStatus.INTERNAL_SERVER_ERROR,
    domain.MalformedBody: HTTPStatus.BAD_REQUEST,
    domain.InvalidCursor: HTTPStatus.BAD_REQUEST,
    domain.CursorExpired: HTTPStatus.GONE,
    domain.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    domain.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    domain.Forbidden: HTTPStatus.FORBIDDEN,
    domain.MissingScope: HTTPStatus.FORBIDDEN,
    domain.PlaybackDenied: HTTPStatus.FORBIDDEN,
    domain.NotFound: HTTPStatus.NOT_FOUND,
    domain.Conflict: HTTPStatus.CONFLICT,
    domain.WriteConflict: HTTPStatus.CONFLICT,
    domain.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    domain.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    domain.InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    domain.ProviderFailure: HTTPStatus.SERVICE_UNAVAILABLE,
}

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")  # safe in headers, object metadata and ffmpeg's log alike


class Trace(NamedTuple):
    request_id: str  # the gateway's, so that it is in its logs too
    correlation_id: str  # the caller's if well formed, else the request id


def trace_of(request_id: str, headers: Mapping[str, str]) -> Trace:
    """`headers` with lower-case names."""
    offered = headers.get("x-correlation-id") or ""
    return Trace(request_id, offered if _CORRELATION_ID.fullmatch(offered) else request_id)


def status_of(error: type[SluiceError]) -> HTTPStatus:
    return next(STATUS[parent] for parent in error.__mro__ if parent in STATUS)


def status_of_code(code: str) -> int:
    """Of a refusal that was stored by its code, which belongs to one class and its descendants."""
    kinds: list[type[SluiceError]] = [SluiceError]
    for kind in kinds:
        if kind.code == code:
            return int(status_of(kind))
        kinds += kind.__subclasses__()
    return int(HTTPStatus.INTERNAL_SERVER_ERROR)


def document(error: SluiceError, *, instance: str, trace: Trace) -> dict[str, Any]:
    return {
        "type": f"urn:sluice:error:{error.code}",
        "title": error.message,
        "status": int(status_of(type(error))),
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "request_id": trace.request_id,
        "correlation_id": trace.correlation_id,
        "retryable": error.retryable,
        "errors": [field._asdict() for field in error.errors],
    }


def advice(error: SluiceError) -> dict[str, str]:
    """Headers that tell the caller what to do next."""
    unauthorized = status_of(type(error)) is HTTPStatus.UNAUTHORIZED
    headers = {"WWW-Authenticate": 'Bearer realm="sluice"'} if unauthorized else {}
    return {**headers, "Retry-After": "2"} if error.retryable else headers
