"""The signing secret of an endpoint over HTTP."""

from collections.abc import Callable
from datetime import timedelta

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.api_webhooks.models import RegisteredWebhookView, RotateSecret
from sluice import bootstrap
from sluice.domain.ids import Prefix
from sluice.http import IdempotencyKey, caller, created, keyed
from sluice.service import idempotency
from sluice.service.webhook_secrets import Rotation, find_rotation, rotate_secret


def add_to(
    app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiWebhooks], *, security: list[dict[str, list[str]]]
) -> None:
    @app.post(
        "/v1/webhooks/<webhook_id>/rotate-secret",
        security=security,
        summary="Give a webhook a new signing secret",
        description="Deliveries are signed by the new secret and, for `overlap_s`, by those before it.",
        tags=["webhooks"],
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
        return created(RegisteredWebhookView.registered(made), replayed=replayed, status=200)
