"""Dead letters sent again by a filter: a hundred at each call, and a hundred a minute over all calls of a tenant.

Each call looks at a bounded part of the list and says where the next one begins.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sluice.domain.errors import DeliveryNotDead, DeliveryNotFound, FieldError, InvalidRequest, WebhookDisabled
from sluice.domain.models import Delivery
from sluice.domain.redrives import AHEAD, EACH, DeadFilter, after
from sluice.domain.replay_errors import TooManyRedrives
from sluice.service import cursors
from sluice.service.dead_letters import revive_dead
from sluice.service.ports import Clock, Create, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeliveryLog, DeliveryQueue
from sluice.service.webhooks import check_event_types, get_webhook

logger = logging.getLogger(__name__)

ROUTE = "POST /v1/dead-letters:redrive"
AT_ONCE = 100  # deliveries of one call: two to three seconds of writes
READS = 10  # of the list in one call, each of which looks at 1,000 dead letters at most


@dataclass(frozen=True, kw_only=True)
class Redriver:
    records: Records
    log: DeliveryLog
    queue: DeliveryQueue
    now: Clock
    cursor_key: bytes


class Redriven(NamedTuple):
    matched: int  # of those that this call looked at
    sent: int
    cursor: str | None  # None: there are no more


class Found(NamedTuple):
    deliveries: list[Delivery]
    position: str | None


def narrow(
    *, webhook_id: str | None, types: tuple[str, ...] | None, since: datetime | None, until: datetime | None
) -> DeadFilter:
    """Raises InvalidRequest; also when nothing is asked for: all of them is `types` of `*`."""
    if webhook_id is None and types is None and since is None and until is None:
        raise _refused("/webhook_id", "missing", "Say which: webhook_id, types, since or until.")
    check_event_types(types or (), field="types")
    if since and until and since >= until:
        raise _refused("/since", "out_of_range", "since must be before until.")
    return DeadFilter(webhook_id, ("*",) if types is None else types, since, until)


def _refused(pointer: str, code: str, detail: str) -> InvalidRequest:
    return InvalidRequest(errors=(FieldError(pointer, code, detail),))


def redrive_matching(
    wanted: DeadFilter, *, tenant_id: str, cursor: str | None, dry_run: bool, ports: Redriver
) -> Redriven:
    """The last to die first. Raises WebhookNotFound, WebhookDisabled, InvalidCursor, TooManyRedrives."""
    bound = wanted.told()
    before = cursor and cursors.unseal(cursor, key=ports.cursor_key, tenant_id=tenant_id, route=ROUTE, filters=bound)
    found = _find(wanted, tenant_id, before, ports)
    sent = 0 if dry_run else _send(found.deliveries, tenant_id, ports)
    following = found.position and cursors.seal(
        found.position, key=ports.cursor_key, tenant_id=tenant_id, route=ROUTE, filters=bound
    )
    return Redriven(len(found.deliveries), sent, following)


def _find(wanted: DeadFilter, tenant_id: str, before: str | None, ports: Redriver) -> Found:
    ids, position = _endpoints(wanted, tenant_id, ports.records), before
    found: list[Delivery] = []
    for _ in range(READS):
        limit = AT_ONCE - len(found)
        page, position = ports.log.dead_deliveries(tenant_id, webhook_ids=ids, limit=limit, before=position)
        found += [delivery for delivery in page if wanted.takes(delivery)]
        if position is None or len(found) == AT_ONCE:
            break
    return Found(found, position)


def _endpoints(wanted: DeadFilter, tenant_id: str, records: Records) -> set[str]:
    if wanted.webhook_id is None:
        return {endpoint.id for endpoint in records.webhooks(tenant_id) if endpoint.enabled}
    if not get_webhook(wanted.webhook_id, tenant_id=tenant_id, records=records).enabled:
        raise WebhookDisabled()  # they would only die again
    return {wanted.webhook_id}


def _send(dead: list[Delivery], tenant_id: str, ports: Redriver) -> int:
    if not dead:
        return 0
    begin, sent = _reserve(len(dead), tenant_id, ports), 0
    for number, delivery in enumerate(dead):
        delay_s = int((begin + number * EACH).total_seconds())
        with suppress(DeliveryNotDead, DeliveryNotFound):  # somebody else was faster
            revive_dead(
                delivery.webhook_id,
                delivery.event_id,
                tenant_id,
                records=ports.records,
                queue=ports.queue,
                now=ports.now,
                delay_s=delay_s,
            )
            sent += 1
    logger.info("dead_letters_redriven", extra={"sent": sent})
    return sent


@retry_on_conflict
def _reserve(count: int, tenant_id: str, ports: Redriver) -> timedelta:
    """From now to the first of them; calls of one moment queue up behind each other."""
    now, pace = ports.now(), ports.log.redrive_pace(tenant_id)
    made = after(pace, tenant_id, now, count)
    begin = made.free_at - now - count * EACH
    if begin > AHEAD:
        raise TooManyRedrives()
    ports.records.commit(Create(made) if pace is None else Replace(made))
    return begin
