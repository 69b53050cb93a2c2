"""Replays over HTTP: deliveries of an endpoint that its owner wants again."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api_deliveries.replay_models import ReplayView, ReplayWebhook
from sluice import bootstrap
from sluice.domain.ids import Prefix
from sluice.http import IdempotencyKey, caller, created, keyed, needs
from sluice.service import idempotency, replays

ONE = "/v1/webhooks/<webhook_id>"
DRY: dict[int, OpenAPIResponse] = {
    200: {"description": "`dry_run`: what it would be; nothing is sent and nothing is stored."}
}


def add_to(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiDeliveries]) -> None:
    shared: dict[str, Any] = {"security": needs("ops:replay"), "tags": ["webhooks"]}

    @app.post(ONE + "/replay", status_code=202, summary="Send deliveries again", responses=DRY, **shared)
    def replay_webhook(
        webhook_id: str, body: Annotated[ReplayWebhook, Body()], idempotency_key: IdempotencyKey = None
    ) -> Response[ReplayView]:
        """A hundred at once and a hundred a minute, whether they had arrived or not; `only_failed`: dead ones only.

        Without it, also events that this webhook never got a delivery for."""
        d, tenant_id = deps(), caller(app).tenant_id
        selection = body.selection(d.now())
        if body.dry_run:
            found = replays.count_matches(webhook_id, selection, tenant_id=tenant_id, ports=d.replayer)
            return Response(200, "application/json", ReplayView.dry(webhook_id, found))
        made, replayed = idempotency.once(
            keyed(app, idempotency_key),
            fresh_id=d.new_id(Prefix.REPLAY),
            make=lambda replay_id: replays.start_replay(
                replay_id, webhook_id, selection, tenant_id=tenant_id, ports=d.replayer
            ),
            find=lambda replay_id: replays.get_replay(
                replay_id, webhook_id=webhook_id, tenant_id=tenant_id, ports=d.replayer
            ),
            records=d.records,
            now=d.now,
        )
        return created(ReplayView.of(made), replayed=replayed, status=202)

    @app.get(ONE + "/replays/<replay_id>", summary="How far a replay is", **shared)
    def get_replay(webhook_id: str, replay_id: str) -> ReplayView:
        tenant_id = caller(app).tenant_id
        return ReplayView.of(
            replays.get_replay(replay_id, webhook_id=webhook_id, tenant_id=tenant_id, ports=deps().replayer)
        )
