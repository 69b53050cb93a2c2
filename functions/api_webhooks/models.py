"""Bodies of the webhook routes."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from sluice.domain.models import DisabledReason, WebhookEndpoint
from sluice.http import RequestBody, ResponseBody, Timestamp, without_defaults
from sluice.service.webhooks import Registered, WebhookChange

Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_048),
    Field(
        description="https with public addresses only; port 443, or 1024 and above. Redirects are not followed. "
        "Or `alias:<name>` of a queue or bus that the operator registered for the tenant."
    ),
]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=100)]


Description = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Patterns = Annotated[
    tuple[Pattern, ...], Field(min_length=1, max_length=50, description="Event types or globs such as `transcode.*`.")
]


MaxPerSecond = Annotated[
    int | None,
    Field(
        strict=True,
        ge=1,
        le=1_000,
        description="Most attempts a second, on average over a few seconds. Null: as fast as answers come.",
    ),
]


class CreateWebhook(RequestBody):
    url: Url
    description: Description | None = None
    event_types: Patterns = ("*",)
    max_per_second: MaxPerSecond = None


class ChangeWebhook(RequestBody):
    """Fields that are left out stay as they are; null takes the description or the limit away."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    url: Url = Field(default="")
    description: Description | None = None
    event_types: Patterns = ()
    max_per_second: MaxPerSecond = None
    enabled: Annotated[
        bool, Field(strict=True, description="false: nothing is sent, and what happens meanwhile is not sent later.")
    ] = True

    def command(self, webhook_id: str, tenant_id: str, versions: frozenset[int] | None) -> WebhookChange:
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        return WebhookChange(webhook_id, tenant_id, versions, fields)


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
    enabled: bool = Field(
        description="false: nothing is sent. A PATCH sets it; what switches it off by itself: `disabled_reason`."
    )
    disabled_reason: DisabledReason | None = Field(
        description="gone: it answered 410. failing: every attempt of five days failed. Null: on, or off by its owner."
    )
    max_per_second: int | None = Field(description="Most attempts a second; null: as fast as answers come.")
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
            disabled_reason=endpoint.disabled_reason,
            max_per_second=endpoint.max_per_second,
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
