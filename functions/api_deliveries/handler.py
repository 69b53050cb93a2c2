"""What is sent to webhook endpoints, over HTTP: opens the secrets that `api_webhooks` seals, so it is not that one."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api_deliveries import dead_letter_routes, replay_routes
from functions.api_deliveries.models import DeliveryReport, DeliveryView, PingView
from sluice import bootstrap
from sluice.config import ApiDeliveriesSettings
from sluice.domain.events import Origin
from sluice.domain.ids import Prefix
from sluice.domain.states import DeliveryState
from sluice.http import Cursor, IdempotencyKey, Limit, Page, api, caller, needs
from sluice.observability import observed
from sluice.service import delivery_log
from sluice.service.webhook_ping import ping_webhook

ONE, SECURITY, TAGS = "/v1/webhooks/<webhook_id>", needs("webhooks:manage"), ["webhooks"]
Status = Annotated[DeliveryState | None, Query()]

app = api()


@cache
def deps() -> bootstrap.ApiDeliveries:
    return bootstrap.api_deliveries(ApiDeliveriesSettings.from_env())


@app.post(ONE + "/test", security=SECURITY, summary="Send a test event to a webhook", tags=TAGS)
def test_webhook(webhook_id: str, idempotency_key: IdempotencyKey = None) -> PingView:
    """Sends a signed `webhook.ping` and answers with what came back; a repetition sends another one."""
    d, who = deps(), caller(app)
    origin = Origin(d.environment, d.now(), d.new_id(Prefix.EVENT), who.request_id)
    correlated = {"tenant_id": who.tenant_id, "correlation_id": who.correlation_id}
    return PingView.of(ping_webhook(webhook_id, origin=origin, ports=d.pinger, **correlated))


@app.get(
    ONE + "/deliveries",
    security=SECURITY,
    summary="List deliveries to a webhook, newest first",
    description="With `status`, a page looks at 1,000 deliveries at most: it can be short and yet have a next one.",
    tags=TAGS,
)
def list_deliveries(
    webhook_id: str, status: Status = None, limit: Limit = 25, cursor: Cursor = None
) -> Page[DeliveryView]:
    d = deps()
    found, following = delivery_log.list_deliveries(
        webhook_id,
        tenant_id=caller(app).tenant_id,
        state=status,
        limit=limit,
        cursor=cursor,
        cursor_key=d.cursor_key(),
        records=d.records,
        log=d.log,
    )
    return Page(data=[DeliveryView.of(delivery) for delivery in found], next_cursor=following)


@app.get(ONE + "/deliveries/<event_id>", security=SECURITY, summary="Get a delivery and its attempts", tags=TAGS)
def get_delivery(webhook_id: str, event_id: str) -> DeliveryReport:
    d, tenant_id = deps(), caller(app).tenant_id
    report = delivery_log.report_delivery(webhook_id, event_id, tenant_id=tenant_id, records=d.records, log=d.log)
    return DeliveryReport.read(report)


dead_letter_routes.add_to(app, lambda: deps(), security=SECURITY)
replay_routes.add_to(app, lambda: deps())


@observed("api_deliveries")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
