"""The feed over HTTP. A function of its own: a request that waits occupies it, and must not keep others waiting."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api_events.models import After, EventsView, OfAsset, Types, WaitS, patterns, verbatim
from sluice import bootstrap
from sluice.config import ApiEventsSettings
from sluice.http import Limit, api, caller, needs
from sluice.observability import observed
from sluice.service.event_polls import Poll, PollPorts, poll_events

PAGE: dict[int, OpenAPIResponse] = {
    200: {"description": "Successful Response", "content": {"application/json": {"model": EventsView}}}
}

app = api()


@cache
def deps() -> PollPorts:
    return bootstrap.api_events(ApiEventsSettings.from_env())


@app.get(
    "/v1/events",
    security=needs("assets:read"),
    summary="Read events in their order, or wait for the next one",
    description="A page looks at 1,000 events at most: with filters it can be short, even empty, and yet have more.",
    tags=["events"],
    responses=PAGE,
)
def list_events(
    after: After = None, types: Types = None, asset_id: OfAsset = None, limit: Limit = 25, wait_s: WaitS = 0
) -> Response[str]:
    who = caller(app)
    poll = Poll(who.tenant_id, who.request_id, after, patterns(types), asset_id, limit, wait_s)
    return Response(200, "application/json", verbatim(poll_events(poll, ports=deps())))


@observed("api_events")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
