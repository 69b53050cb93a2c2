"""Webhook endpoints over HTTP: make and look; what changes them: `change_routes`."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api_webhooks import change_routes
from functions.api_webhooks.models import CreateWebhook, RegisteredWebhookView, WebhookView
from sluice import bootstrap
from sluice.config import ApiWebhooksSettings
from sluice.domain.ids import Prefix
from sluice.http import Cursor, IdempotencyKey, Limit, Page, api, caller, created, keyed, needs
from sluice.http.preconditions import etag, versioned
from sluice.observability import observed
from sluice.service import cursors, idempotency, webhooks
from sluice.service.webhooks import NewWebhook, Registered

LIST, ONE = "GET /v1/webhooks", "/v1/webhooks/<webhook_id>"
SCOPE = "webhooks:manage"

app = api()


@cache
def deps() -> bootstrap.ApiWebhooks:
    return bootstrap.api_webhooks(ApiWebhooksSettings.from_env())


@app.post("/v1/webhooks", status_code=201, security=needs(SCOPE), summary="Register a webhook", tags=["webhooks"])
def create_webhook(
    body: Annotated[CreateWebhook, Body()], idempotency_key: IdempotencyKey = None
) -> Response[RegisteredWebhookView]:
    d, tenant_id = deps(), caller(app).tenant_id
    made, replayed = idempotency.once(
        keyed(app, idempotency_key),
        fresh_id=d.new_id(Prefix.WEBHOOK),
        make=lambda webhook_id: webhooks.create_webhook(
            NewWebhook(webhook_id, tenant_id, body.url, body.description, body.event_types, body.max_per_second),
            records=d.records,
            sender=d.sender,
            secrets=d.secrets,
            random_bytes=d.random_bytes,
            now=d.now,
        ),
        find=lambda webhook_id: Registered(
            webhooks.get_webhook(webhook_id, tenant_id=tenant_id, records=d.records), None
        ),
        records=d.records,
        now=d.now,
    )
    return created(RegisteredWebhookView.registered(made), replayed=replayed, headers=etag(made.endpoint.version))


@app.get("/v1/webhooks", security=needs(SCOPE), summary="List webhooks, newest first", tags=["webhooks"])
def list_webhooks(limit: Limit = 25, cursor: Cursor = None) -> Page[WebhookView]:
    d, tenant_id = deps(), caller(app).tenant_id
    before = cursor and cursors.unseal(cursor, key=d.cursor_key(), tenant_id=tenant_id, route=LIST)
    found, position = webhooks.list_webhooks(tenant_id=tenant_id, records=d.records, limit=limit, before=before)
    following = position and cursors.seal(position, key=d.cursor_key(), tenant_id=tenant_id, route=LIST)
    return Page(data=[WebhookView.of(endpoint) for endpoint in found], next_cursor=following)


@app.get(ONE, security=needs(SCOPE), summary="Get a webhook", tags=["webhooks"])
def get_webhook(webhook_id: str) -> Response[WebhookView]:
    endpoint = webhooks.get_webhook(webhook_id, tenant_id=caller(app).tenant_id, records=deps().records)
    return versioned(WebhookView.of(endpoint), endpoint.version)


change_routes.add_to(app, lambda: deps(), security=needs(SCOPE))


@observed("api_webhooks")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
