"""RFC 9457 problem+json for the resolver: whatever a route, Powertools or pydantic raises becomes one of our errors."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from pydantic import BaseModel

from sluice.domain import errors as domain
from sluice.domain.errors import FieldError, SluiceError
from sluice.problem_json import PROBLEM_JSON, Trace, advice, document, status_of

logger = logging.getLogger(__name__)

# A hostile 10 MB body must not make an answer above Lambda's 6 MB.
MOST_FIELDS = 20
LONGEST_POINTER = 200

# pydantic's error types -> our stable field codes; anything else is "invalid"
_FIELD_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "string_pattern_mismatch": "bad_format",
    "literal_error": "not_allowed",
    "enum": "not_allowed",
}


class ProblemField(BaseModel):
    """Where: an RFC 6901 pointer into the body, or `query.limit`, `header.idempotency-key`."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457, with our members. `code` is stable; `detail` is safe to show to users."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    correlation_id: str
    retryable: bool
    errors: list[ProblemField]


def typed(error: Exception) -> SluiceError:
    """Our error for whatever a route, Powertools or pydantic raised."""
    match error:
        case SluiceError():
            return error
        case RequestValidationError():
            return domain.InvalidRequest(errors=tuple(_field(found) for found in error.errors()[:MOST_FIELDS]))
        case RequestUnsupportedContentType():
            return domain.UnsupportedMediaType()
        case _:
            return SluiceError()


def _field(found: Mapping[str, Any]) -> FieldError:
    place, *path = (str(part) for part in found["loc"])
    if place == "body":
        pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    else:
        pointer = ".".join([place, *path])
    return FieldError(pointer[:LONGEST_POINTER], _field_code(str(found["type"])), str(found["msg"]))


def _field_code(kind: str) -> str:
    return _FIELD_CODES.get(kind) or ("wrong_type" if kind.endswith(("_type", "_parsing")) else "invalid")


def told(error: Exception) -> SluiceError:
    """Our error for `error`, logged: what the caller did wrong at INFO, our own failures with their traceback."""
    known = typed(error)
    status = status_of(type(known))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request_failed", extra={"code": known.code, "status": int(status)}, exc_info=error)
    else:
        logger.info("request_refused", extra={"code": known.code, "status": int(status)})
    return known


def problem(error: Exception, *, instance: str, trace: Trace) -> Response[str]:
    """The answer for `error`, which is logged."""
    known = told(error)
    body = Problem.model_validate(document(known, instance=instance, trace=trace))
    return Response(int(status_of(type(known))), PROBLEM_JSON, body.model_dump_json(), headers=advice(known))
