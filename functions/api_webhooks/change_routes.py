"""What changes a webhook endpoint over HTTP: its fields, its signing secret, its end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api_webhooks.models import ChangeWebhook, RegisteredWebhookView, RotateSecret, WebhookView
from sluice import bootstrap
from sluice.domain.ids import Prefix
from sluice.http import IdempotencyKey, caller, created, keyed, no_content
from sluice.http.preconditions import IfMatch, etag, versioned, wanted_versions
from sluice.service import idempotency, webhooks
from sluice.service.webhook_secrets import Rotation, find_rotation, rotate_secret

ONE = "/v1/webhooks/<webhook_id>"


def add_to(
    app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiWebhooks], *, security: list[dict[str, list[str]]]
) -> None:
    shared: dict[str, Any] = {"security": security, "tags": ["webhooks"]}
    add_rotation(app, deps, shared)

    @app.patch(ONE, summary="Change a webhook", **shared)
    def change_webhook(
        webhook_id: str, body: Annotated[ChangeWebhook, Body()], if_match: IfMatch = None
    ) -> Response[WebhookView]:
        d, command = deps(), body.command(webhook_id, caller(app).tenant_id, wanted_versions(if_match))
        endpoint = webhooks.change_webhook(command, records=d.records, sender=d.sender, now=d.now)
        return versioned(WebhookView.of(endpoint), endpoint.version)

    @app.delete(ONE, status_code=204, summary="Delete a webhook", **shared)
    def delete_webhook(webhook_id: str, if_match: IfMatch = None) -> Response[None]:
        tenant_id, versions = caller(app).tenant_id, wanted_versions(if_match)
        webhooks.delete_webhook(webhook_id, tenant_id=tenant_id, versions=versions, records=deps().records)
        return no_content()


def add_rotation(
    app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiWebhooks], shared: dict[str, Any]
) -> None:
    @app.post(
        ONE + "/rotate-secret",
        summary="Give a webhook a new signing secret",
        description="Deliveries are signed by the new secret and, for `overlap_s`, by those before it.",
        **shared,
    )
    def rotate_webhook_secret(
        webhook_id: str, body: RotateSecret | None = None, idempotency_key: IdempotencyKey = None
    ) -> Response[RegisteredWebhookView]:
        d, tenant_id = deps(), caller(app).tenant_id
        overlap = timedelta(seconds=(body or RotateSecret()).overlap_s)
        made, replayed = idempotency.once(
            keyed(app, idempotency_key),
            fresh_id=d.new_id(Prefix.ROTATION),
            make=lambda rotation_id: rotate_secret(
                Rotation(rotation_id, webhook_id, tenant_id, overlap),
                records=d.records,
                secrets=d.secrets,
                random_bytes=d.random_bytes,
                now=d.now,
            ),
            find=lambda rotation_id: find_rotation(
                rotation_id, webhook_id=webhook_id, tenant_id=tenant_id, records=d.records
            ),
            records=d.records,
            now=d.now,
        )
        shown, headers = RegisteredWebhookView.registered(made), etag(made.endpoint.version)
        return created(shown, replayed=replayed, status=200, headers=headers)
