"""One signed event to an endpoint, and what came of it: the same for a delivery and for a test."""

from datetime import datetime
from typing import NamedTuple

from sluice.domain.errors import UrlNotAllowed
from sluice.domain.models import WebhookEndpoint
from sluice.domain.webhook_secrets import signing_ciphertexts
from sluice.service.ports import Clock
from sluice.service.webhook_ports import SecretBox, SendFailed, WebhookSender, WebhookSigner

SIGNATURE = "webhook-signature"


class Message(NamedTuple):
    id: str  # of the event; `webhook-id`
    body: str
    secrets: tuple[str, ...]  # all that sign now


class Sent(NamedTuple):
    sent_at: datetime
    request_headers: dict[str, str]  # but the signature, which who reads a log must not be able to repeat
    latency_ms: int = 0
    status: int | None = None
    failure: str | None = None  # as in DeliveryAttempt
    response: str | None = None
    retry_after_s: int | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and self.failure is None


def open_secrets(endpoint: WebhookEndpoint, *, secrets: SecretBox, now: datetime) -> tuple[str, ...]:
    return tuple(secrets.decrypt(endpoint.tenant_id, one) for one in signing_ciphertexts(endpoint, now))


def send(
    endpoint: WebhookEndpoint,
    message: Message,
    *,
    sender: WebhookSender,
    signer: WebhookSigner,
    timeout_s: float,
    now: Clock,
) -> Sent:
    """Never raises for what an endpoint does."""
    sent_at = now()
    headers = signer.headers(secrets=message.secrets, message_id=message.id, sent_at=sent_at, body=message.body)
    headers["content-type"] = "application/json"
    sent = Sent(sent_at, {name: value for name, value in headers.items() if name != SIGNATURE})
    try:
        answer = sender.post(
            endpoint.url,
            tenant_id=endpoint.tenant_id,
            headers=headers,
            body=message.body.encode(),
            timeout_s=timeout_s,
        )
    except SendFailed as error:
        return sent._replace(latency_ms=error.latency_ms, failure=error.failure)
    except UrlNotAllowed as error:  # what its name or alias leads to is not what it was when the endpoint was made
        return sent._replace(failure=error.code)
    return sent._replace(
        latency_ms=answer.latency_ms,
        status=answer.status,
        failure=None if 200 <= answer.status < 300 else "status",
        response=answer.body,
        retry_after_s=answer.retry_after_s,
    )
