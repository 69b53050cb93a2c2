"""Bodies of the delivery routes."""

from typing import Any, Literal

from pydantic import Field

from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.http import ResponseBody, Timestamp
from sluice.service.delivery_log import Report
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


class AttemptView(Exchange):
    number: int = Field(description="From 1, over all redrives.")

    @classmethod
    def of(cls, attempt: DeliveryAttempt) -> "AttemptView":
        return cls(**attempt.model_dump(include={*cls.model_fields}))


class DeliveryView(ResponseBody):
    webhook_id: str
    event_id: str = Field(description="`webhook-id` of every attempt.")
    event_type: str
    asset_id: str | None = Field(description="Null: of an event about no asset.")
    sequence: int | None
    status: DeliveryState
    attempt_count: int
    last_status: int | None = Field(
        description="Of the last attempt's answer; null: it had none, or there was no attempt."
    )
    next_attempt_at: Timestamp | None = Field(description="Of a delivery that is `retrying`.")
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def fields_of(cls, delivery: Delivery) -> dict[str, Any]:
        named = delivery.model_dump(include={*cls.model_fields} - {"next_attempt_at"})
        return named | {
            "status": delivery.state,
            "attempt_count": delivery.attempts,
            "next_attempt_at": delivery.retry_at,
        }

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        return cls(**cls.fields_of(delivery))


class DeliveryReport(DeliveryView):
    request_body: str | None = Field(description="As every attempt signed and sent it.")
    attempts: list[AttemptView] = Field(description="Oldest first.")

    @classmethod
    def read(cls, report: Report) -> "DeliveryReport":
        shown = [AttemptView.of(attempt) for attempt in report.attempts]
        return cls(**DeliveryView.fields_of(report.delivery), request_body=report.body, attempts=shown)


class PingView(Exchange):
    event_id: str
    delivered: bool
    request_body: str = Field(description="As it was signed and sent.")

    @classmethod
    def of(cls, ping: Ping) -> "PingView":
        sent = ping.sent._asdict()
        del sent["retry_after_s"]
        return cls(**sent, event_id=ping.event_id, delivered=ping.sent.succeeded, request_body=ping.body)
