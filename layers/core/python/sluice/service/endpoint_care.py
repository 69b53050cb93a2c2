"""What an endpoint's answers say about the endpoint itself, kept for the attempts to come."""

import logging
from contextlib import suppress

from sluice.domain.endpoint_health import EndpointHealth, Gate, Verdict, after_failure, after_success
from sluice.domain.errors import WriteConflict
from sluice.domain.models import WebhookEndpoint
from sluice.service.ports import Clock, Create, Records, Replace
from sluice.service.retries import retry_on_conflict

logger = logging.getLogger(__name__)


def recovery(gate: Gate, now: Clock) -> list[Replace]:
    """The writes that go with a success: none while the endpoint was well."""
    health = gate.health
    return [Replace(after_success(health, now()))] if health and health.failing_since else []


def note_failure(endpoint: WebhookEndpoint, verdict: Verdict, *, records: Records, now: Clock) -> None:
    with suppress(WriteConflict):  # one count less
        _note_failure(endpoint, verdict, records, now)


@retry_on_conflict
def _note_failure(endpoint: WebhookEndpoint, verdict: Verdict, records: Records, now: Clock) -> None:
    before = records.gate(endpoint.tenant_id, endpoint.id).health
    after = after_failure(before, endpoint, verdict, now())
    _write(after, records)
    if after.pauses > (before.pauses if before else 0):
        logger.warning("endpoint_paused", extra={"webhook_id": endpoint.id, "pauses": after.pauses})


def _write(health: EndpointHealth, records: Records) -> None:
    records.commit(Create(health) if health.version == 1 else Replace(health))
