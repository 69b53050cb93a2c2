"""Standard Webhooks 1.0 headers, by the library that the standard's authors publish."""

from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook


class StandardWebhooksSigner:
    def headers(self, *, secrets: Sequence[str], message_id: str, sent_at: datetime, body: str) -> dict[str, str]:
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(message_id, sent_at, body) for secret in secrets),
        }
