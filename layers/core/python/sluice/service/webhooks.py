"""Webhook endpoints of a tenant: where events go, which ones, and the secret that proves who sent them."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sluice.domain.errors import (
    FieldError,
    InvalidRequest,
    PreconditionFailed,
    TenantNotFound,
    UrlNotAllowed,
    WebhookLimitReached,
    WebhookNotFound,
)
from sluice.domain.event_patterns import matches_something
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import WebhookEndpoint
from sluice.service.endpoint_care import recovery
from sluice.service.ports import Clock, Create, Records, Remove, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import SecretBox, WebhookSender

MAX_WEBHOOKS = 50  # of one tenant: bounds what one event can cost
SECRET_BYTES = 32


@dataclass(frozen=True)
class NewWebhook:
    webhook_id: str
    tenant_id: str
    url: str
    description: str | None
    event_types: tuple[str, ...]  # globs; `*` also spans dots
    max_per_second: int | None = None


class Registered(NamedTuple):
    endpoint: WebhookEndpoint
    secret: str | None  # only in the answer to the request that made it


@dataclass(frozen=True)
class WebhookChange:
    """What is to be different; everything else stays."""

    webhook_id: str
    tenant_id: str
    versions: frozenset[int] | None  # those that may be changed; None: any
    fields: Mapping[str, Any]  # url, description, event_types, enabled, max_per_second


def create_webhook(
    command: NewWebhook,
    *,
    records: Records,
    sender: WebhookSender,
    secrets: SecretBox,
    random_bytes: Callable[[int], bytes],
    now: Clock,
) -> Registered:
    """Raises InvalidRequest, UrlNotAllowed, WebhookLimitReached, TenantNotFound."""
    check_event_types(command.event_types)
    _check_url(command.url, command.tenant_id, sender)
    secret = new_secret(random_bytes)
    moment = now()
    endpoint = WebhookEndpoint(
        id=command.webhook_id,
        tenant_id=command.tenant_id,
        url=command.url,
        description=command.description,
        event_types=command.event_types,
        secret_ciphertext=secrets.encrypt(command.tenant_id, secret),
        max_per_second=command.max_per_second,
        created_at=moment,
        updated_at=moment,
    )
    _add(endpoint, records)
    return Registered(endpoint, secret)


def _check_url(url: str, tenant_id: str, sender: WebhookSender) -> None:
    try:
        sender.check_url(url, tenant_id=tenant_id)
    except UrlNotAllowed as error:
        raise UrlNotAllowed(error.detail, errors=(FieldError("/url", error.code, error.detail),)) from error


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    return "whsec_" + b64encode(random_bytes(SECRET_BYTES)).decode()


def check_event_types(patterns: Sequence[str], *, field: str = "event_types") -> None:
    """A pattern that no event type matches is a typo, and would be found out only by silence."""
    errors = tuple(
        FieldError(f"/{field}/{number}", "unknown_event_type", "No event type matches this pattern.")
        for number, pattern in enumerate(patterns)
        if not matches_something(pattern)
    )
    if errors:
        raise InvalidRequest(errors=errors)


@retry_on_conflict
def _add(endpoint: WebhookEndpoint, records: Records) -> None:
    tenant = records.tenant(endpoint.tenant_id)
    if tenant is None:
        raise TenantNotFound()
    if len(records.webhooks(endpoint.tenant_id)) >= MAX_WEBHOOKS:
        raise WebhookLimitReached()
    # Writing the tenant too makes concurrent creations conflict: two of them cannot both be the fiftieth.
    counted = tenant.model_copy(update={"version": tenant.version + 1})
    records.commit(Create(endpoint), Replace(counted))


def get_webhook(webhook_id: str, *, tenant_id: str, records: Records) -> WebhookEndpoint:
    """Raises WebhookNotFound."""
    endpoint = records.webhook(tenant_id, webhook_id) if is_id(Prefix.WEBHOOK, webhook_id) else None
    if endpoint is None:
        raise WebhookNotFound()
    return endpoint


def list_webhooks(
    *, tenant_id: str, records: Records, limit: int, before: str | None
) -> tuple[list[WebhookEndpoint], str | None]:
    """Newest first; `before` and the answer's second half are webhook ids, None at the end."""
    newest_first = sorted(records.webhooks(tenant_id), key=lambda endpoint: endpoint.id, reverse=True)
    rest = [endpoint for endpoint in newest_first if before is None or endpoint.id < before]
    return rest[:limit], rest[limit - 1].id if len(rest) > limit else None


def change_webhook(change: WebhookChange, *, records: Records, sender: WebhookSender, now: Clock) -> WebhookEndpoint:
    """A change that changes nothing writes nothing.

    Raises WebhookNotFound, PreconditionFailed, InvalidRequest, UrlNotAllowed.
    """
    _expected(change.webhook_id, change.tenant_id, change.versions, records)  # before a name is looked up
    check_event_types(change.fields.get("event_types", ()))
    if "url" in change.fields:
        _check_url(change.fields["url"], change.tenant_id, sender)
    return _change(change, records, now)


@retry_on_conflict
def _change(change: WebhookChange, records: Records, now: Clock) -> WebhookEndpoint:
    endpoint = _expected(change.webhook_id, change.tenant_id, change.versions, records)
    changed = endpoint.model_copy(update=dict(change.fields))
    if changed == endpoint:
        return endpoint
    reopened = changed.enabled and not endpoint.enabled
    reason = None if reopened else endpoint.disabled_reason
    update = {"disabled_reason": reason, "updated_at": now(), "version": endpoint.version + 1}
    after = changed.model_copy(update=update)
    # what was held against it is over, or its next failure would switch it off again
    forgiven = recovery(records.gate(endpoint.tenant_id, endpoint.id), now) if reopened else []
    records.commit(Replace(after), *forgiven)
    return after


@retry_on_conflict
def delete_webhook(
    webhook_id: str, *, tenant_id: str, records: Records, versions: frozenset[int] | None = None
) -> None:
    """Its unfinished deliveries are given up when their turn comes. Raises WebhookNotFound, PreconditionFailed."""
    records.commit(Remove(_expected(webhook_id, tenant_id, versions, records)))


def _expected(webhook_id: str, tenant_id: str, versions: frozenset[int] | None, records: Records) -> WebhookEndpoint:
    endpoint = get_webhook(webhook_id, tenant_id=tenant_id, records=records)
    if versions is not None and endpoint.version not in versions:
        raise PreconditionFailed()
    return endpoint
