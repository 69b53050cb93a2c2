"""Answers in S3's XML, for clients that speak to S3, such as Uppy 6. XML is only written here: nothing that those
clients send in a body decides anything, so none of it is parsed."""

from collections.abc import Iterable
from html import escape
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from sluice.domain import errors as domain
from sluice.domain import upload_errors
from sluice.domain.errors import SluiceError
from sluice.http.problems import told
from sluice.problem_json import Trace, advice, status_of

XML = "application/xml"  # exactly: Uppy reads no error whose type has a parameter
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

# `openapi_extensions` of a route whose failures are S3's; `sluice.http.api.answer` goes by it.
FAILURES = "x-failures"
S3_FAILURES = {FAILURES: "s3"}

# S3's words where it has one for the same thing; a class that is not listed has that of its nearest listed parent.
_CODES: dict[type[SluiceError], str] = {
    SluiceError: "InternalError",
    domain.Unauthenticated: "AccessDenied",
    domain.MissingScope: "AccessDenied",
    domain.NotFound: "NoSuchUpload",
    domain.Conflict: "OperationAborted",
    domain.InvalidRequest: "InvalidRequest",
    upload_errors.UploadClosed: "NoSuchUpload",
    upload_errors.UploadExpired: "NoSuchUpload",
    upload_errors.UploadIncomplete: "InvalidPart",
    upload_errors.UploadSizeMismatch: "EntityTooSmall",
    upload_errors.UploadChecksumMismatch: "BadDigest",
}


def element(name: str, *content: str) -> str:
    """`content` is XML already: `element("Part", text("PartNumber", 1))`."""
    return f"<{name}>{''.join(content)}</{name}>"


def text(name: str, value: object) -> str:
    return element(name, escape(str(value)))


def answer(root: str, content: Iterable[str]) -> Response[str]:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{"".join(content)}</{root}>'
    return Response(200, XML, body)


def slow_down(message: str) -> Response[str]:
    """Ask for the same request again, as S3 does: clients repeat a 503 by themselves."""
    return Response(503, XML, _error("SlowDown", message), headers={"Retry-After": "2"})


def speaks_s3(app: APIGatewayHttpResolver) -> bool:
    route = app.context["_route"]
    return bool((route.openapi_extensions or {}).get(FAILURES) == S3_FAILURES[FAILURES])


def failure(error: Exception, *, trace: Trace) -> Response[Any]:
    """What `sluice.http.problems.problem` is for the other routes. What may be repeated gets 503: S3's clients take
    our 409 for final."""
    known = told(error)
    if known.retryable:
        return slow_down(known.detail)
    code = next(_CODES[parent] for parent in type(known).__mro__ if parent in _CODES)
    body = _error(code, known.detail, text("Reason", known.code), text("RequestId", trace.request_id))
    return Response(int(status_of(type(known))), XML, body, headers=advice(known))


def _error(code: str, message: str, *more: str) -> str:
    body = element("Error", text("Code", code), text("Message", message), *more)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
