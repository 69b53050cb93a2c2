"""Dead deliveries over HTTP: the list of a tenant, and sending them again."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api_deliveries.models import DeliveryView
from functions.api_deliveries.redrive_models import RedriveDeadLetters, RedrivenView
from sluice import bootstrap
from sluice.http import Cursor, IdempotencyKey, Limit, Page, caller
from sluice.service import dead_letters, redrives

OfWebhook = Annotated[str | None, Query(description="Of this endpoint only.")]


def add_to(
    app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiDeliveries], *, security: list[dict[str, list[str]]]
) -> None:
    shared: dict[str, Any] = {"security": security, "tags": ["webhooks"]}

    @app.get("/v1/dead-letters", summary="List dead deliveries, the last to die first", **shared)
    def list_dead_letters(webhook_id: OfWebhook = None, limit: Limit = 25, cursor: Cursor = None) -> Page[DeliveryView]:
        d = deps()
        found, following = dead_letters.list_dead_letters(
            tenant_id=caller(app).tenant_id,
            webhook_id=webhook_id,
            limit=limit,
            cursor=cursor,
            cursor_key=d.cursor_key(),
            records=d.records,
            log=d.log,
        )
        return Page(data=[DeliveryView.of(delivery) for delivery in found], next_cursor=following)

    @app.post("/v1/dead-letters:redrive", summary="Send dead deliveries again, by a filter", **shared)
    def redrive_dead_letters(body: RedriveDeadLetters, idempotency_key: IdempotencyKey = None) -> RedrivenView:
        """The last to die first, a hundred at each call. A repetition redrives what is dead then."""
        d, tenant_id = deps(), caller(app).tenant_id
        ports = redrives.Redriver(records=d.records, log=d.log, queue=d.queue, now=d.now, cursor_key=d.cursor_key())
        done = redrives.redrive_matching(
            body.filter(), tenant_id=tenant_id, cursor=body.cursor, dry_run=body.dry_run, ports=ports
        )
        return RedrivenView.of(done)

    @app.post("/v1/webhooks/<webhook_id>/deliveries/<event_id>/redrive", summary="Send a dead delivery again", **shared)
    def redrive_delivery(webhook_id: str, event_id: str, idempotency_key: IdempotencyKey = None) -> DeliveryView:
        d, tenant_id = deps(), caller(app).tenant_id
        delivery = dead_letters.redrive_delivery(
            webhook_id, event_id, tenant_id=tenant_id, records=d.records, queue=d.queue, now=d.now
        )
        return DeliveryView.of(delivery)
