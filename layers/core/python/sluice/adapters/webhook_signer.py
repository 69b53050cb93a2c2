"""Standard Webhooks 1.0 headers, by the library that the standard's authors publish."""

from datetime import datetime

from standardwebhooks import Webhook


class StandardWebhooksSigner:
    def headers(self, *, secret: str, message_id: str, sent_at: datetime, body: str) -> dict[str, str]:
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": Webhook(secret).sign(message_id, sent_at, body),
        }
