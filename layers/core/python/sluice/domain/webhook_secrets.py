"""Secrets of a webhook endpoint over time: one is current, those before it sign beside it for a while."""

from datetime import datetime, timedelta

from sluice.domain.errors import WebhookSecretLimitReached
from sluice.domain.models import RetiredSecret, WebhookEndpoint

MAX_RETIRED = 4  # with the current one, five signatures: a header of about 250 bytes


def rotate(
    endpoint: WebhookEndpoint, now: datetime, *, rotation_id: str, ciphertext: str, overlap: timedelta
) -> WebhookEndpoint:
    """The endpoint with a new secret. No earlier one signs for longer than `overlap` from now; 0 ends them all.

    Raises WebhookSecretLimitReached: dropping one early would fail deliveries that were promised to verify.
    """
    until = now + overlap
    before = RetiredSecret(rotation_id=endpoint.rotation_id, ciphertext=endpoint.secret_ciphertext, until=until)
    shortened = (secret.model_copy(update={"until": min(secret.until, until)}) for secret in endpoint.retired_secrets)
    retired = tuple(secret for secret in (before, *shortened) if secret.until > now)
    if len(retired) > MAX_RETIRED:
        raise WebhookSecretLimitReached()
    return endpoint.model_copy(
        update={
            "secret_ciphertext": ciphertext,
            "rotation_id": rotation_id,
            "retired_secrets": retired,
            "updated_at": now,
            "version": endpoint.version + 1,
        }
    )


def forget(endpoint: WebhookEndpoint, now: datetime) -> WebhookEndpoint:
    """The endpoint without the secrets that sign no longer; the same object if there are none."""
    kept = tuple(secret for secret in endpoint.retired_secrets if secret.until > now)
    if kept == endpoint.retired_secrets:
        return endpoint
    return endpoint.model_copy(update={"retired_secrets": kept, "version": endpoint.version + 1})


def signing_ciphertexts(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """Of every secret that signs now, the current one first. A row that was not cleaned up yet adds none."""
    retired = (secret.ciphertext for secret in endpoint.retired_secrets if secret.until > now)
    return (endpoint.secret_ciphertext, *retired)
