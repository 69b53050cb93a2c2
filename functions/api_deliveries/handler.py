"""What is sent to webhook endpoints, over HTTP: opens the secrets that `api_webhooks` seals, so it is not that one."""

from functools import cache
from typing import Any

from functions.api_deliveries.models import PingView
from sluice import bootstrap
from sluice.config import ApiDeliveriesSettings
from sluice.domain.events import Origin
from sluice.domain.ids import Prefix
from sluice.http import IdempotencyKey, api, caller, needs
from sluice.observability import observed
from sluice.service.webhook_ping import ping_webhook

ONE, SECURITY, TAGS = "/v1/webhooks/<webhook_id>", needs("webhooks:manage"), ["webhooks"]

app = api()


@cache
def deps() -> bootstrap.ApiDeliveries:
    return bootstrap.api_deliveries(ApiDeliveriesSettings.from_env())


@app.post(
    ONE + "/test",
    security=SECURITY,
    summary="Send a test event to a webhook",
    description="Sends a signed `webhook.ping` and answers with what the endpoint said. Nothing is stored.",
    tags=TAGS,
)
def test_webhook(webhook_id: str, idempotency_key: IdempotencyKey = None) -> PingView:
    """A repetition sends another one: nothing is stored, so there is nothing to replay."""
    d, who = deps(), caller(app)
    origin = Origin(d.environment, d.now(), d.new_id(Prefix.EVENT), who.request_id)
    ping = ping_webhook(
        webhook_id, tenant_id=who.tenant_id, origin=origin, correlation_id=who.correlation_id, ports=d.pinger
    )
    return PingView.of(ping)


@observed("api_deliveries")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
