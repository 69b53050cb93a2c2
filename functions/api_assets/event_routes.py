"""What is told of assets, over HTTP: the timeline of one, and the catalogue of event types."""

from collections.abc import Callable
from typing import Annotated, Any, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api_assets.event_views import EventTypeView, TimelineView
from sluice import bootstrap
from sluice.domain.errors import FieldError, InvalidRequest
from sluice.domain.event_catalogue import EventType
from sluice.http import Cursor, Limit, Page, caller, needs
from sluice.service import timeline

KINDS: tuple[timeline.Kind, ...] = get_args(timeline.Kind)
Kinds = Annotated[
    str | None, Query(max_length=100, description=f"Of {', '.join(KINDS)}, separated by commas. Left out: all.")
]


def add_to(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiAssets]) -> None:
    shared: dict[str, Any] = {"security": needs("assets:read"), "tags": ["events"]}

    @app.get("/v1/event-types", summary="List event types with their schemas", **shared)
    def list_event_types() -> Page[EventTypeView]:
        return Page(data=[EventTypeView.of(event_type) for event_type in EventType], next_cursor=None)

    @app.get("/v1/assets/<asset_id>/timeline", summary="What happened to an asset, newest first", **shared)
    def read_timeline(
        asset_id: str, kinds: Kinds = None, limit: Limit = 25, cursor: Cursor = None
    ) -> Page[TimelineView]:
        d = deps()
        entries, following = timeline.read_timeline(
            asset_id,
            tenant_id=caller(app).tenant_id,
            kinds=chosen(kinds),
            limit=limit,
            cursor=cursor,
            cursor_key=d.cursor_key(),
            records=d.records,
            timeline=d.timeline,
        )
        return Page(data=[TimelineView.of(entry) for entry in entries], next_cursor=following)


def chosen(kinds: str | None) -> frozenset[timeline.Kind] | None:
    """Raises InvalidRequest."""
    if kinds is None:
        return None
    wanted = kinds.split(",")
    if unknown := [name for name in wanted if name not in KINDS]:
        detail = f"There is no kind {unknown[0]!r}."
        raise InvalidRequest(errors=(FieldError("query.kinds", "unknown_kind", detail),))
    return frozenset(kind for kind in KINDS if kind in wanted)
