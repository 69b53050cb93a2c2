"""Deliveries sent again because their owner asked: some at once, the rest by the sweeper, a hundred a minute.

A step queues up to `AT_ONCE` deliveries and then moves the replay's position. One that dies in between is taken again
from the old position; a delivery remembers the replay that it was last revived by, so that none is sent twice.
Behind the deliveries of a time come its events that never got one (`replay_gaps`).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sluice.domain.deliveries import is_settled, revive
from sluice.domain.errors import FieldError, InvalidRequest, WebhookDisabled, WriteConflict
from sluice.domain.feed import FeedEntry
from sluice.domain.ids import Prefix, first_id, is_id
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.replay_errors import ReplayNotFound, ReplayTooLarge
from sluice.domain.replays import Counts, Replay, Selection, step, stop
from sluice.service.dispatch import GRACE
from sluice.service.ports import Clock, Records, Replace
from sluice.service.replay_gaps import Walk, count_gap, delivery_id, is_in_feed, named_entries, next_gap, send_first
from sluice.service.replay_places import take_place
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeliveryLog, DeliveryQueue
from sluice.service.webhooks import check_event_types, get_webhook

logger = logging.getLogger(__name__)

AT_ONCE = 100  # deliveries of one step: two to three seconds of writes
SPREAD_S = 60  # over which their messages become visible: an endpoint that has just recovered is not flooded
MAX_EXAMINED = 10_000  # deliveries that one replay may look at
PAGE = 1_000  # of them in one read


@dataclass(frozen=True, kw_only=True)
class Replayer:
    records: Records
    log: DeliveryLog
    queue: DeliveryQueue
    now: Clock


class Where(NamedTuple):
    walk: Walk
    replay: Replay | None = None  # None: nothing is sent yet

    @property
    def endpoint(self) -> tuple[str, str]:
        return self.walk.endpoint.tenant_id, self.walk.endpoint.id

    def takes(self, delivery: Delivery) -> bool:
        """What a step that died has revived is no longer dead, and yet belongs to it; what it made is the feed's."""
        mine = self.replay is not None and delivery.replay_id == self.replay.id
        return not self.has_made(delivery) and (mine or self.walk.selection.takes(delivery))

    def has_made(self, delivery: Delivery) -> bool:
        return self.replay is not None and delivery.id == delivery_id(delivery.event_id, self.replay)


class Batch(NamedTuple):
    deliveries: list[Delivery]
    missing: int
    position: str | None  # None: these are the last
    known: frozenset[str] = frozenset()  # events that were looked at and have a delivery
    entries: Sequence[FeedEntry] = ()  # named ones that have none

    @property
    def counts(self) -> Counts:
        """If all of it could be sent."""
        return Counts(sent=len(self.deliveries) + len(self.entries), missing=self.missing)


def select(
    *,
    event_ids: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    types: tuple[str, ...],
    only_failed: bool,
    now: datetime,
) -> Selection:
    """Raises InvalidRequest."""
    if bool(event_ids) == (since is not None):
        raise _refused("/since", "missing" if since is None else "not_allowed", "Send either event_ids or since.")
    if event_ids and until:
        raise _refused("/until", "not_allowed", "until belongs to since.")
    malformed = [number for number, one in enumerate(event_ids) if not is_id(Prefix.EVENT, one)]
    if malformed:
        raise _refused(f"/event_ids/{malformed[0]}", "bad_format", "This is not the id of an event.")
    check_event_types(types, field="types")
    end = min(until or now, now)  # what happens during the replay is delivered anyway
    if since and since >= end:
        raise _refused("/since", "out_of_range", "since must be before until, and in the past.")
    return Selection(
        event_ids=tuple(sorted(set(event_ids))),
        since=since,
        until=end if since else None,
        types=types,
        only_failed=only_failed,
    )


def _refused(pointer: str, code: str, detail: str) -> InvalidRequest:
    return InvalidRequest(errors=(FieldError(pointer, code, detail),))


def count_matches(webhook_id: str, selection: Selection, *, tenant_id: str, ports: Replayer) -> Counts:
    """What a replay would send, and what it would miss. Raises WebhookNotFound, ReplayTooLarge."""
    endpoint = get_webhook(webhook_id, tenant_id=tenant_id, records=ports.records)
    walk = Walk(endpoint, selection, ports.records, ports.now)
    matched, examined, position = Counts(), 0, None
    known: set[str] = set()
    while True:
        batch = _next(Where(walk), position, PAGE, ports)
        matched = matched.plus(batch.counts)
        known |= batch.known
        position, examined = batch.position, examined + PAGE
        if position is None:
            break
        if examined >= MAX_EXAMINED:
            raise ReplayTooLarge()
    return matched.plus(Counts(sent=count_gap(walk, known))) if walk.fills else matched


def start_replay(replay_id: str, webhook_id: str, selection: Selection, *, tenant_id: str, ports: Replayer) -> Replay:
    """The replay after its first step. Raises WebhookNotFound, WebhookDisabled, ReplayTooLarge, TooManyReplays."""
    if not get_webhook(webhook_id, tenant_id=tenant_id, records=ports.records).enabled:
        raise WebhookDisabled()
    matched = count_matches(webhook_id, selection, tenant_id=tenant_id, ports=ports).sent
    moment = ports.now()
    replay = Replay(
        id=replay_id,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        selection=selection,
        matched=matched,
        next_step_at=moment + GRACE,  # if this call dies before its first step
        created_at=moment,
        updated_at=moment,
    )
    take_place(replay, records=ports.records, log=ports.log)
    return advance_replay(replay, ports=ports)


def get_replay(replay_id: str, *, webhook_id: str, tenant_id: str, ports: Replayer) -> Replay:
    """Raises WebhookNotFound, ReplayNotFound."""
    get_webhook(webhook_id, tenant_id=tenant_id, records=ports.records)
    found = ports.log.replay(tenant_id, webhook_id, replay_id) if is_id(Prefix.REPLAY, replay_id) else None
    if found is None:
        raise ReplayNotFound()
    return found


def advance_replay(replay: Replay, *, ports: Replayer) -> Replay:
    """One step. Safe to repeat with the same replay; whoever moves its position first wins."""
    endpoint = ports.records.webhook(replay.tenant_id, replay.webhook_id)
    if endpoint is None or not endpoint.enabled:
        return _save(stop(replay, ports.now()), replay, ports)
    counts, position = _send_next(replay, endpoint, ports)
    moment = ports.now()
    after = step(replay, moment, counts=counts, position=position, next_step_at=moment + timedelta(seconds=SPREAD_S))
    return _save(after, replay, ports)


def _send_next(replay: Replay, endpoint: WebhookEndpoint, ports: Replayer) -> tuple[Counts, str | None]:
    """What was done, and where the next step begins; None: this was the last one."""
    walk = Walk(endpoint, replay.selection, ports.records, ports.now)
    batch = Batch([], 0, None)
    if not is_in_feed(replay.position):
        batch = _next(Where(walk, replay), replay.position, AT_ONCE, ports)
    counts, taken = Counts(missing=batch.missing), len(batch.deliveries)
    for number, delivery in enumerate(batch.deliveries):
        counts = counts.plus(_send_again(delivery, replay, _delay_s(number), ports))
    entries, position = batch.entries, batch.position
    if walk.fills and position is None:
        entries, position = next_gap(walk, replay, known=batch.known, limit=AT_ONCE - taken)
    for number, entry in enumerate(entries, start=taken):
        counts = counts.plus(send_first(entry, replay, _delay_s(number), walk=walk, queue=ports.queue))
    return counts, position


def _delay_s(number: int) -> int:
    return number * SPREAD_S // AT_ONCE


def _save(after: Replay, before: Replay, ports: Replayer) -> Replay:
    try:
        ports.records.commit(Replace(after))
    except WriteConflict:  # another step was faster
        return ports.log.replay(before.tenant_id, before.webhook_id, before.id) or after
    about = after.counts.model_dump() | {"replay_id": after.id, "webhook_id": after.webhook_id, "state": after.state}
    logger.info("replay_advanced", extra=about)
    return after


def _next(where: Where, position: str | None, rows: int, ports: Replayer) -> Batch:
    """The next deliveries, oldest first: at most `rows`, and at most PAGE are read, wherever the wanted ones are."""
    selection = where.walk.selection
    if selection.event_ids:
        return _named(where, position, rows)
    assert selection.since and selection.until  # noqa: S101  # `select` saw to it
    found, last = ports.log.deliveries_between(
        *where.endpoint,
        after=position or first_id(Prefix.EVENT, selection.since),
        before=first_id(Prefix.EVENT, selection.until),
        limit=PAGE,
    )
    wanted = [delivery for delivery in found if where.takes(delivery)]
    if len(wanted) > rows:
        return Batch(wanted[:rows], 0, wanted[rows - 1].event_id)
    known = frozenset(delivery.event_id for delivery in found if not where.has_made(delivery))
    return Batch(wanted, 0, last, known)


def _named(where: Where, position: str | None, rows: int) -> Batch:
    left = [one for one in where.walk.selection.event_ids if position is None or one > position]
    read = {one.event_id: one for one in where.walk.records.deliveries_of(*where.endpoint, left[:rows])}
    none = [one for one in left[:rows] if one not in read or where.has_made(read[one])]
    entries = named_entries(where.walk, none)
    wanted = [read[one] for one in left[:rows] if one in read and where.takes(read[one])]
    return Batch(wanted, len(none) - len(entries), left[rows - 1] if len(left) > rows else None, entries=tuple(entries))


@retry_on_conflict
def _send_again(seen: Delivery, replay: Replay, delay_s: int, ports: Replayer) -> Counts:
    delivery = ports.records.delivery(seen.tenant_id, seen.webhook_id, seen.event_id)
    if delivery is None:
        return Counts(missing=1)
    if delivery.replay_id == replay.id:  # by a step that died before it told
        return Counts(sent=1)
    if not is_settled(delivery):
        return Counts(skipped=1)
    moment = ports.now()
    due = moment + timedelta(seconds=delay_s) + GRACE
    pending = revive(delivery, moment, next_attempt_at=due, replay_id=replay.id)
    ports.records.commit(Replace(pending))
    ports.queue.send(pending, delay_s=delay_s)
    return Counts(sent=1)
