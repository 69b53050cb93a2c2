"""CloudFront `/v1/play/*` -> playlists with signed segment URLs, for whoever holds a playback token.

No resolver here: a viewer waits for this function's cold start, and it has one route.
"""

import logging
from functools import cache
from http import HTTPStatus
from typing import Any

from functions.playback import responses
from sluice import bootstrap
from sluice.config import PlaybackSettings
from sluice.domain.errors import PlaybackNotFound, SluiceError
from sluice.domain.playback_urls import parse_play_request
from sluice.observability import observed
from sluice.problem_json import Trace, status_of, trace_of
from sluice.service.playback import Redirect, play

logger = logging.getLogger(__name__)


@cache
def deps() -> bootstrap.Playback:
    return bootstrap.playback(PlaybackSettings.from_env())


@observed("playback")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    method = event["requestContext"]["http"]["method"]
    headers = event.get("headers") or {}
    trace = trace_of(event["requestContext"]["requestId"], headers)
    if method == "OPTIONS":
        return responses.traced(responses.preflight(), trace)
    try:
        response = answer(event, method, headers.get("accept-encoding", ""), trace)
    except Exception as error:
        response = refusal(error, event["rawPath"], trace)
    return responses.traced(responses.without_body(response) if method == "HEAD" else response, trace)


def answer(event: dict[str, Any], method: str, accept_encoding: str, trace: Trace) -> dict[str, Any]:
    """Raises SluiceError."""
    if method not in ("GET", "HEAD"):
        raise PlaybackNotFound()
    request = parse_play_request(event["rawPath"], event.get("rawQueryString") or "")
    found = play(request, request_id=trace.request_id, now=deps().now(), ports=deps().ports)
    logger.info("playback_answered", extra={"playback_id": request.playback_id, "kind": request.kind})
    if isinstance(found, Redirect):
        return responses.redirect(found)
    return responses.playlist(found, accept_encoding=accept_encoding)


def refusal(error: Exception, path: str, trace: Trace) -> dict[str, Any]:
    """A viewer's fault is worth a line, ours a traceback; neither says what the token or query was."""
    known = error if isinstance(error, SluiceError) else SluiceError()
    if status_of(type(known)) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("playback_failed", extra={"code": known.code}, exc_info=error)
    else:
        logger.info("playback_refused", extra={"code": known.code})
    return responses.problem(known, instance=path, trace=trace)
