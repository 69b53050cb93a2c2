"""Rotation of an endpoint's signing secret, without a moment in which a receiver cannot verify."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sluice.domain.errors import WriteConflict
from sluice.domain.models import WebhookEndpoint
from sluice.domain.webhook_secrets import forget, rotate
from sluice.service.ports import Clock, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import SecretBox
from sluice.service.webhooks import Registered, get_webhook, new_secret

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rotation:
    rotation_id: str
    webhook_id: str
    tenant_id: str
    overlap: timedelta  # how long the secrets before it sign too


def rotate_secret(
    command: Rotation, *, records: Records, secrets: SecretBox, random_bytes: Callable[[int], bytes], now: Clock
) -> Registered:
    """Raises WebhookNotFound, WebhookSecretLimitReached."""
    get_webhook(command.webhook_id, tenant_id=command.tenant_id, records=records)  # before a data key is paid for
    secret = new_secret(random_bytes)
    endpoint = _rotate(command, secrets.encrypt(command.tenant_id, secret), records, now)
    logger.info("webhook_secret_rotated", extra={"webhook_id": endpoint.id, "rotation_id": command.rotation_id})
    return Registered(endpoint, secret)


@retry_on_conflict
def _rotate(command: Rotation, ciphertext: str, records: Records, now: Clock) -> WebhookEndpoint:
    endpoint = get_webhook(command.webhook_id, tenant_id=command.tenant_id, records=records)
    after = rotate(endpoint, now(), rotation_id=command.rotation_id, ciphertext=ciphertext, overlap=command.overlap)
    records.commit(Replace(after))
    return after


def find_rotation(rotation_id: str, *, webhook_id: str, tenant_id: str, records: Records) -> Registered | None:
    """The endpoint, if this rotation's secret signs for it, or still may. Raises WebhookNotFound."""
    endpoint = get_webhook(webhook_id, tenant_id=tenant_id, records=records)
    known = {endpoint.rotation_id, *(secret.rotation_id for secret in endpoint.retired_secrets)}
    return Registered(endpoint, None) if rotation_id in known else None


def forget_secrets(endpoint: WebhookEndpoint, *, records: Records, now: Clock) -> None:
    """Drop the ciphertexts that sign no longer. Does nothing when somebody else has written the endpoint meanwhile."""
    after = forget(endpoint, now())
    if after is endpoint:
        return
    try:
        records.commit(Replace(after))
    except WriteConflict:
        return
    logger.info("webhook_secrets_forgotten", extra={"webhook_id": endpoint.id})
