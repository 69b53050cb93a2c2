"""Queries and answers of the feed."""

import json
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from sluice.domain.errors import FieldError, InvalidRequest
from sluice.domain.event_patterns import matches_something
from sluice.http import ResponseBody
from sluice.service.event_polls import Events

After = Annotated[
    str | None,
    Query(
        min_length=1,
        description="`next_cursor` of the answer before, or `latest`: from now on. Left out: from the oldest event "
        "that is kept.",
    ),
]
Types = Annotated[
    str | None,
    Query(max_length=1_000, description="Event types or globs such as `transcode.*`, separated by commas."),
]
OfAsset = Annotated[str | None, Query(description="Of this asset only.")]
WaitS = Annotated[int, Query(ge=0, le=20, description="Seconds to wait for an event when there is none.")]


class EventsView(ResponseBody):
    data: list[dict[str, Any]] = Field(description="Bodies as webhooks carry them; schemas: `GET /v1/event-types`.")
    next_cursor: str = Field(description="For `after`. Never null: the feed goes on.")
    has_more: bool = Field(description="There are events behind the cursor already. True also beside an empty `data`.")


def patterns(types: str | None) -> tuple[str, ...]:
    """Raises InvalidRequest."""
    wanted = tuple(types.split(",")) if types is not None else ()
    if unknown := [pattern for pattern in wanted if not matches_something(pattern)]:
        detail = f"No event type matches {unknown[0]!r}."
        raise InvalidRequest(errors=(FieldError("query.types", "unknown_event_type", detail),))
    return wanted


def verbatim(events: Events) -> str:
    """An EventsView. The bodies are not read and written again: they stay the bytes that webhooks carry."""
    rest = f'"next_cursor":{json.dumps(events.cursor)},"has_more":{json.dumps(events.more)}'
    return f'{{"data":[{",".join(events.bodies)}],{rest}}}'
