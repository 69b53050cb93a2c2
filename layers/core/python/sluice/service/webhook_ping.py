"""A test of an endpoint: one signed event that nothing caused, sent while its owner waits. Nothing is stored."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from sluice.domain.events import Origin, describe_ping
from sluice.service.ports import Clock, Records
from sluice.service.webhook_ports import SecretBox, WebhookSender, WebhookSigner
from sluice.service.webhook_sending import Message, Sent, open_secrets, send
from sluice.service.webhooks import get_webhook

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pinger:
    records: Records
    secrets: SecretBox
    sender: WebhookSender
    signer: WebhookSigner
    timeout_s: float
    now: Clock


class Ping(NamedTuple):
    event_id: str
    body: str
    sent: Sent


def ping_webhook(webhook_id: str, *, tenant_id: str, origin: Origin, correlation_id: str, ports: Pinger) -> Ping:
    """Also to an endpoint that is switched off, so that it can be tried before it is switched on.

    Whatever it answers changes nothing: a 410 does not switch it off. Raises WebhookNotFound.
    """
    endpoint = get_webhook(webhook_id, tenant_id=tenant_id, records=ports.records)
    body = describe_ping(webhook_id, tenant_id, origin, correlation_id=correlation_id)
    secrets = open_secrets(endpoint, secrets=ports.secrets, now=ports.now())
    sent = send(
        endpoint,
        Message(origin.event_id, body, secrets),
        sender=ports.sender,
        signer=ports.signer,
        timeout_s=ports.timeout_s,
        now=ports.now,
    )
    about = {"webhook_id": webhook_id, "event_id": origin.event_id, "status": sent.status, "failure": sent.failure}
    logger.info("webhook_pinged", extra=about)
    return Ping(origin.event_id, body, sent)
