"""Bodies of the webhook routes."""

from typing import Annotated

from pydantic import Field, StringConstraints

from sluice.domain.models import WebhookEndpoint
from sluice.http import RequestBody, ResponseBody, Timestamp
from sluice.service.webhooks import Registered

Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CreateWebhook(RequestBody):
    url: Annotated[
        Url,
        Field(description="https with public addresses only; port 443, or 1024 and above. Redirects are not followed."),
    ]
    description: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    event_types: Annotated[
        tuple[Pattern, ...],
        Field(min_length=1, max_length=50, description="Event types or globs such as `transcode.*`."),
    ] = ("*",)


class RotateSecret(RequestBody):
    overlap_s: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=604_800,
            description="How long the secrets before it sign too, in seconds. 0: they end now.",
        ),
    ] = 86_400


class WebhookView(ResponseBody):
    webhook_id: str
    url: str
    description: str | None
    event_types: tuple[str, ...]
    enabled: bool = Field(description="False after the endpoint answered 410 Gone: nothing is sent any more.")
    rotation_ends_at: Timestamp | None = Field(
        description="After a rotation: until then, secrets before the newest sign too."
    )
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookView":
        return cls(
            webhook_id=endpoint.id,
            url=endpoint.url,
            description=endpoint.description,
            event_types=endpoint.event_types,
            enabled=endpoint.enabled,
            rotation_ends_at=max((secret.until for secret in endpoint.retired_secrets), default=None),
            created_at=endpoint.created_at,
            updated_at=endpoint.updated_at,
        )


class RegisteredWebhookView(WebhookView):
    secret: str | None = Field(description="Signing secret (Standard Webhooks). Shown once: null in a replay.")
    secret_already_shown: bool

    @classmethod
    def registered(cls, made: Registered) -> "RegisteredWebhookView":
        shown = WebhookView.of(made.endpoint)
        return cls(**dict(shown), secret=made.secret, secret_already_shown=made.secret is None)
