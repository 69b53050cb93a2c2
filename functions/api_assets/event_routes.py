"""What is told of assets, over HTTP: the catalogue of event types."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.api_assets.models import EventTypeView
from sluice.domain.event_catalogue import EventType
from sluice.http import Page, needs


def add_to(app: APIGatewayHttpResolver) -> None:
    shared: dict[str, Any] = {"security": needs("assets:read"), "tags": ["events"]}

    @app.get("/v1/event-types", summary="List event types with their schemas", **shared)
    def list_event_types() -> Page[EventTypeView]:
        return Page(data=[EventTypeView.of(event_type) for event_type in EventType], next_cursor=None)
