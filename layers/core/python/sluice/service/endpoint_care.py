"""What an endpoint's answers say about the endpoint itself, kept for the attempts to come."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sluice.domain.endpoint_health import Gate, Verdict, after_failure, after_success, is_given_up
from sluice.domain.errors import WriteConflict
from sluice.domain.event_payloads import EndpointDisabledPayload
from sluice.domain.events import EventType, Origin, describe_of_tenant, timestamp
from sluice.domain.ids import Prefix
from sluice.domain.models import DisabledReason, WebhookEndpoint
from sluice.service.ports import Clock, Create, Ids, Records, Replace
from sluice.service.retries import retry_on_conflict

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Where the events come from that tell of endpoints."""

    environment: str
    new_id: Ids
    now: Clock


def recovery(gate: Gate, now: Clock) -> list[Replace]:
    """The writes that go with a success: none while the endpoint was well."""
    health = gate.health
    return [Replace(after_success(health, now()))] if health and health.failing_since else []


def note_failure(endpoint: WebhookEndpoint, verdict: Verdict, *, records: Records, source: Source) -> None:
    with suppress(WriteConflict):  # many senders tell at once: one count less
        _note_failure(endpoint, verdict, records, source)


@retry_on_conflict
def _note_failure(endpoint: WebhookEndpoint, verdict: Verdict, records: Records, source: Source) -> None:
    before, moment = records.gate(endpoint.tenant_id, endpoint.id).health, source.now()
    after = after_failure(before, endpoint, verdict, moment)
    writes: list[Create | Replace] = [Create(after) if after.version == 1 else Replace(after)]
    if is_given_up(after, moment):
        writes += switching_off(endpoint, "failing", records=records, source=source, since=after.failing_since)
    records.commit(*writes)
    if after.pauses > (before.pauses if before else 0):
        logger.warning("endpoint_paused", extra={"webhook_id": endpoint.id, "pauses": after.pauses})


def switching_off(
    endpoint: WebhookEndpoint, reason: DisabledReason, *, records: Records, source: Source, since: datetime | None
) -> list[Create | Replace]:
    """The writes that do so and tell the tenant's other endpoints; none when it is off, or gone."""
    current = records.webhook(endpoint.tenant_id, endpoint.id)
    if current is None or not current.enabled:
        return []
    moment = source.now()
    update = {"enabled": False, "disabled_reason": reason, "updated_at": moment, "version": current.version + 1}
    origin = Origin(source.environment, moment, source.new_id(Prefix.EVENT))
    data = EndpointDisabledPayload(
        webhook_id=current.id, reason=reason, failing_since=timestamp(since) if since else None
    )
    kind = EventType.WEBHOOK_ENDPOINT_DISABLED
    event = describe_of_tenant(kind, current.tenant_id, origin, correlation_id=current.id, data=data)
    logger.warning("webhook_disabled", extra={"webhook_id": current.id, "reason": reason})
    return [Replace(current.model_copy(update=update)), Create(event)]
