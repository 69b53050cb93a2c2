"""Parameters that several routes share, declared once so that they are validated and documented alike."""

import json
from hashlib import sha256
from typing import Annotated, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from sluice.http.caller import caller

Limit = Annotated[int, Query(ge=1, le=100, description="Objects per page.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before; opaque.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes this call safe to repeat for 24 hours: a repetition answers with the same resource.",
    ),
]


class Keyed(NamedTuple):
    """One request as `service.idempotency` sees it."""

    tenant_id: str
    route: str  # method and path template
    key: str | None
    body_hash: str


def keyed(app: APIGatewayHttpResolver, key: str | None) -> Keyed:
    """The hash covers the concrete path too, so that one key cannot mean two resources of one route."""
    event, route = app.current_event, app.request.route
    content = json.dumps([event.path, event.json_body], sort_keys=True, separators=(",", ":"))
    body_hash = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return Keyed(caller(app).tenant_id, f"{event.http_method} {route}", key, body_hash)
