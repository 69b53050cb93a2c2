"""Answers of the delivery routes."""

from typing import Literal

from pydantic import Field

from sluice.http import ResponseBody, Timestamp
from sluice.service.webhook_ping import Ping

Failure = Literal["timeout", "connection", "tls", "url_not_allowed", "status"]


class Exchange(ResponseBody):
    """One POST to an endpoint, and what came back."""

    sent_at: Timestamp
    request_headers: dict[str, str] = Field(description="Without `webhook-signature` and those of HTTP itself.")
    status: int | None = Field(description="Null: no HTTP answer.")
    failure: Failure | None = Field(description="Null: delivered. status: an answer other than 2xx.")
    latency_ms: int
    response: str | None = Field(description="The first 1,000 characters of the answer.")


class PingView(Exchange):
    event_id: str
    delivered: bool
    request_body: str = Field(description="As it was signed and sent.")

    @classmethod
    def of(cls, ping: Ping) -> "PingView":
        sent = ping.sent._asdict()
        del sent["retry_after_s"]
        return cls(**sent, event_id=ping.event_id, delivered=ping.sent.succeeded, request_body=ping.body)
