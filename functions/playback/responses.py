"""Answers in the shape of a function URL (payload format 2.0).

CORS headers are CloudFront's to add (its response-headers policy, OPTIONS included); a second set from here would break
players. CloudFront does not compress what it does not cache, so that is done here.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from sluice.domain.errors import SluiceError
from sluice.problem_json import PROBLEM_JSON, Trace, advice, document, status_of
from sluice.service.playback import Playlist, Redirect

GZIP_LEVEL = 1  # a two-hour playlist: 7.0 kB in 0.9 ms; level 6 makes it 6.7 kB in 2.3 ms
PRIVATE = {"Cache-Control": "private, no-store"}  # every answer belongs to one viewer


def redirect(answer: Redirect) -> dict[str, Any]:
    return _answer(302, {"Location": answer.location})


def playlist(answer: Playlist, *, accept_encoding: str) -> dict[str, Any]:
    headers = {"Content-Type": answer.content_type, "Vary": "Accept-Encoding"}
    if not accepts_gzip(accept_encoding):
        return _answer(200, headers, answer.body)
    packed = gzip.compress(answer.body.encode(), GZIP_LEVEL, mtime=0)
    headers["Content-Encoding"] = "gzip"
    return {**_answer(200, headers, b64encode(packed).decode()), "isBase64Encoded": True}


def preflight() -> dict[str, Any]:
    return _answer(204, {"Allow": "GET, HEAD, OPTIONS"})


def problem(error: SluiceError, *, instance: str, trace: Trace) -> dict[str, Any]:
    body = json.dumps(document(error, instance=instance, trace=trace))
    return _answer(status_of(type(error)), {"Content-Type": PROBLEM_JSON, **advice(error)}, body)


def traced(response: dict[str, Any], trace: Trace) -> dict[str, Any]:
    ids = {"X-Request-Id": trace.request_id, "X-Correlation-Id": trace.correlation_id}
    return {**response, "headers": {**response["headers"], **ids}}


def without_body(response: dict[str, Any]) -> dict[str, Any]:
    """The answer to HEAD: what GET says, without its body."""
    return {**response, "body": "", "isBase64Encoded": False}


def accepts_gzip(accept_encoding: str) -> bool:
    """RFC 9110: the coding named, or `*`, and not with quality zero."""
    wanted = dict(_coding(item) for item in accept_encoding.lower().split(","))
    return wanted.get("gzip", wanted.get("*", False))


def _coding(item: str) -> tuple[str, bool]:
    name, _, parameters = item.partition(";")
    quality = parameters.replace(" ", "").removeprefix("q=")
    return name.strip(), quality.strip("0.") != "" or not parameters


def _answer(status: int, headers: Mapping[str, str], body: str = "") -> dict[str, Any]:
    return {"statusCode": int(status), "headers": {**PRIVATE, **headers}, "body": body, "isBase64Encoded": False}
