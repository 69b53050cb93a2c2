"""Requests as an HTTP API hands them to a function (payload format 2.0)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

TENANT = "ten_01jdxxxxxxxxxxxxxxxxxxxxxx"
KEY = "key_01jdxxxxxxxxxxxxxxxxxxxxxx"


@dataclass
class LambdaContext:
    aws_request_id: str = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def request(
    method: str,
    path: str,
    *,
    body: Any = None,
    raw_body: str | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    scopes: Sequence[str] = (),
    tenant: str = TENANT,
    authorizer: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """`authorizer` replaces the whole authorizer context, for example `{"auth_error": "missing_key"}`."""
    found = {"tenant": tenant, "key_id": KEY, "scopes": " ".join(scopes)} if authorizer is None else dict(authorizer)
    text = raw_body if body is None else json.dumps(body)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
            "requestId": "gateway-request=",
            "authorizer": {"lambda": found},
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
    if text is not None:
        event["body"] = text
        event["headers"].setdefault("content-type", "application/json")
    return event
