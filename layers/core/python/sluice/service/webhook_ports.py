"""What delivering webhooks needs beside the ports of everybody (`service.ports`)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from sluice.domain.deliveries import DeliveryAttempt, DeliveryMessage
from sluice.domain.endpoint_health import Gate
from sluice.domain.events import Event
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.redrives import RedrivePace
from sluice.domain.replays import Replay, ReplayPlace
from sluice.domain.states import DeliveryState


class Random(Protocol):
    def __call__(self) -> float:
        """Uniform in [0, 1)."""
        ...


class DeliveryQueue(Protocol):
    def send(self, delivery: Delivery, *, delay_s: int) -> None:
        """`delay_s` 0-900 (SQS's limit); ordering group = endpoint."""
        ...


class WebhookRecords(Protocol):
    """The part of `service.ports.Records` that is about webhooks."""

    def webhook(self, tenant_id: str, webhook_id: str) -> WebhookEndpoint | None: ...
    def webhooks(self, tenant_id: str) -> list[WebhookEndpoint]: ...
    def delivery(self, tenant_id: str, webhook_id: str, event_id: str) -> Delivery | None: ...

    def deliveries_of(self, tenant_id: str, webhook_id: str, event_ids: Sequence[str]) -> list[Delivery]:
        """In any order; events without a delivery to it are left out."""
        ...

    def event_of(self, delivery: Delivery) -> Event | None: ...
    def gate(self, tenant_id: str, webhook_id: str) -> Gate: ...
    def save_attempt(self, attempt: DeliveryAttempt) -> None: ...

    def due_deliveries(self, *, before: datetime, limit: int) -> list[Delivery]:
        """Pending or retrying deliveries whose next attempt was due before `before`."""
        ...

    def retired_secrets(self, *, before: datetime, limit: int) -> list[WebhookEndpoint]: ...  # with one too old to sign


class DeadLetter(NamedTuple):
    message: DeliveryMessage
    receipt: str


class DeadLetterQueue(Protocol):
    def send(self, delivery: Delivery) -> None: ...

    def receive(self) -> list[DeadLetter]:
        """Up to 10 letters, hidden from others for a while; empty when there are none to see now."""
        ...

    def delete(self, letter: DeadLetter) -> None: ...


class DeliveryLog(Protocol):
    """Deliveries of the table as their owner looks at them. Reads are strongly consistent."""

    def deliveries(
        self, tenant_id: str, webhook_id: str, *, state: DeliveryState | None, limit: int, before: str | None
    ) -> tuple[list[Delivery], str | None]:
        """Newest event first; `before` and the second half of the answer are event ids, None at the end.

        Examines 1,000 rows at most, so a page with a filter can be short, or empty, and yet have a next one.
        """
        ...

    def deliveries_between(
        self, tenant_id: str, webhook_id: str, *, after: str, before: str, limit: int
    ) -> tuple[list[Delivery], str | None]:
        """Oldest event first, of the event ids between the two; the second half of the answer: `after` of the rest."""
        ...

    def replay(self, tenant_id: str, webhook_id: str, replay_id: str) -> Replay | None: ...

    def redrive_pace(self, tenant_id: str) -> RedrivePace | None: ...
    def replay_places(self, tenant_id: str) -> list[ReplayPlace]: ...

    def due_replays(self, *, before: datetime, limit: int) -> list[Replay]:
        """Running ones whose next step is due, the oldest first."""
        ...

    def dead_deliveries(
        self, tenant_id: str, *, webhook_ids: Collection[str], limit: int, before: str | None
    ) -> tuple[list[Delivery], str | None]:
        """Of these endpoints, the last to die first; may miss the very newest. Examines rows as `deliveries` does.

        `limit` is 100 at most; `before` and the second half of the answer are positions, None at the end.
        """
        ...

    def attempts(self, tenant_id: str, webhook_id: str, event_id: str) -> list[DeliveryAttempt]:
        """Oldest first."""
        ...


class Answer(NamedTuple):
    status: int
    body: str  # at most 1,000 characters
    retry_after_s: int | None
    latency_ms: int


class SendFailed(Exception):
    """No HTTP answer. `failure` is the stable word of DeliveryAttempt: timeout | connection | tls."""

    def __init__(self, failure: Literal["timeout", "connection", "tls"], latency_ms: int) -> None:
        super().__init__(failure)
        self.failure = failure
        self.latency_ms = latency_ms


class WebhookSender(Protocol):
    """An endpoint's URL is an https one, or `alias:<name>` of a target that the operator registered for its tenant."""

    def check_url(self, url: str, *, tenant_id: str) -> None:
        """Raises UrlNotAllowed; also when the name does not resolve."""
        ...

    def post(self, url: str, *, tenant_id: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """Within `timeout_s` from the first byte out to the last byte in. Raises UrlNotAllowed or SendFailed.

        Redirects are answers like any other.
        """
        ...


class WebhookSigner(Protocol):
    def headers(self, *, secrets: Sequence[str], message_id: str, sent_at: datetime, body: str) -> dict[str, str]:
        """Standard Webhooks 1.0: webhook-id, webhook-timestamp and webhook-signature, with one signature a secret."""
        ...


class SecretBox(Protocol):
    """Encryption of webhook secrets, bound to the tenant."""

    def encrypt(self, tenant_id: str, secret: str) -> str: ...
    def decrypt(self, tenant_id: str, ciphertext: str) -> str: ...
