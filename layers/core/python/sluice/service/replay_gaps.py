"""What a replay sends beside deliveries that exist: events that the endpoint never got one for, of its time or named.

The feed has every event of the tenant, in the order of dispatch. So the walk begins and ends a while outside of the
replay's time, and takes events by their own time. `feed:<number>@<hour>` in a replay's position is a place in the feed;
all deliveries come before it. A release that knows only event ids fails on it and leaves the replay as it is.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sluice.domain.errors import CursorExpired
from sluice.domain.event_patterns import matches_any
from sluice.domain.feed import RETENTION, FeedEntry, Position, hour_of
from sluice.domain.ids import Prefix, derived_id, first_id
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.replay_errors import ReplayTooLarge
from sluice.domain.replays import Counts, Replay, Selection
from sluice.domain.states import DeliveryState
from sluice.service.dispatch import GRACE, pointer
from sluice.service.feed import Page, read_feed
from sluice.service.ports import Clock, Create, Records
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeliveryQueue

MARK = "feed:"
MARGIN = timedelta(hours=1)  # between an event and its dispatch, and between two clocks
MAX_WALKED = 10_000  # events of the feed that one replay may look at
ALL = ("*",)  # the default of a replay's types: what the endpoint itself asks for


class Walk(NamedTuple):
    endpoint: WebhookEndpoint
    selection: Selection
    records: Records
    now: Clock

    @property
    def fills(self) -> bool:
        return self.selection.since is not None and not self.selection.only_failed

    def takes(self, entry: FeedEntry) -> bool:
        assert self.selection.since and self.selection.until  # noqa: S101  # else there is no walk
        first, last = (first_id(Prefix.EVENT, moment) for moment in (self.selection.since, self.selection.until))
        return first < entry.event_id < last and self.takes_type(entry)

    def takes_type(self, entry: FeedEntry) -> bool:
        types = self.endpoint.event_types if self.selection.types == ALL else self.selection.types
        return matches_any(entry.type, types)


class Gap(NamedTuple):
    entries: list[FeedEntry]
    position: str | None  # None: these are the last


def is_in_feed(position: str | None) -> bool:
    return position is not None and position.startswith(MARK)


def delivery_id(event_id: str, replay: Replay) -> str:
    """Of the delivery that this replay makes: by it, a step that is repeated knows what the first one made."""
    return derived_id(Prefix.DELIVERY, f"{event_id}#{replay.webhook_id}#{replay.id}", 0)


def named_entries(walk: Walk, event_ids: Sequence[str]) -> list[FeedEntry]:
    """Those that are in the feed, oldest first."""
    if walk.selection.only_failed or not event_ids:
        return []
    kept = hour_of(walk.now() - RETENTION)
    found = walk.records.feed_entries_of(walk.endpoint.tenant_id, event_ids)
    wanted = [entry for entry in found if entry.hour >= kept and walk.takes_type(entry)]
    return sorted(wanted, key=lambda entry: entry.event_id)


def count_gap(walk: Walk, known: Collection[str]) -> int:
    """Events without a delivery; `known` have one. Raises ReplayTooLarge."""
    begin = position = _begin(walk)
    count, last = 0, None
    while begin and position and position != last:  # a number that is not seen yet ends it
        last = position
        page, position = _page(walk, last, MAX_WALKED, lambda entry: entry.event_id not in known)
        count += len(page.entries)
        if position and position.number - begin.number >= MAX_WALKED:
            raise ReplayTooLarge()
    return count


def next_gap(walk: Walk, replay: Replay, *, known: Collection[str], limit: int) -> Gap:
    """The next events without a delivery, and those that got theirs from a step of this replay that died."""
    start = Position.parse(replay.position[len(MARK) :]) if replay.position and is_in_feed(replay.position) else None
    start = start or _begin(walk)
    if start is None:
        return Gap([], None)
    if limit == 0:
        return Gap([], f"{MARK}{start}")

    def is_open(entry: FeedEntry) -> bool:
        if entry.event_id in known:
            return False
        found = walk.records.delivery(entry.tenant_id, replay.webhook_id, entry.event_id)
        return found is None or found.id == delivery_id(entry.event_id, replay)

    page, position = _page(walk, start, limit, is_open)
    return Gap(page.entries, f"{MARK}{position}" if position else None)


def _begin(walk: Walk) -> Position | None:
    """None: nothing was dispatched since."""
    assert walk.selection.since  # noqa: S101  # else there is no walk
    moment = max(walk.selection.since, walk.now() - RETENTION + MARGIN) - MARGIN
    hours = walk.records.feed_hours(walk.endpoint.tenant_id, since=_hour(moment), limit=1)
    return Position(hours[0].first - 1, hours[0].hour) if hours else None


def _page(
    walk: Walk, start: Position, limit: int, is_open: Callable[[FeedEntry], bool]
) -> tuple[Page, Position | None]:
    """And where the next one begins: at the same place while the number behind it is not seen yet."""
    assert walk.selection.until  # noqa: S101  # else there is no walk

    def read(after: Position | None) -> Page:
        return read_feed(
            walk.endpoint.tenant_id,
            after=after,
            wanted=lambda entry: walk.takes(entry) and is_open(entry),
            limit=limit,
            records=walk.records,
            now=walk.now,
        )

    try:
        page = read(start)
    except CursorExpired:  # the oldest events grew too old during the replay
        page = read(None)
    ended = not page.more or page.position.hour > _hour(walk.selection.until + MARGIN)
    return page, None if ended else page.position


def _hour(moment: datetime) -> str:
    return hour_of(moment.astimezone(UTC))


@retry_on_conflict
def send_first(entry: FeedEntry, replay: Replay, delay_s: int, *, walk: Walk, queue: DeliveryQueue) -> Counts:
    made = _new_delivery(entry, replay, walk.now(), delay_s)
    found = walk.records.delivery(made.tenant_id, made.webhook_id, made.event_id)
    if found is not None:  # of a step that died before it told, or of another replay
        return Counts(sent=1) if found.id == made.id else Counts(skipped=1)
    walk.records.commit(Create(made), *pointer(made))
    queue.send(made, delay_s=delay_s)
    return Counts(sent=1)


def _new_delivery(entry: FeedEntry, replay: Replay, now: datetime, delay_s: int) -> Delivery:
    return Delivery(
        id=delivery_id(entry.event_id, replay),
        tenant_id=entry.tenant_id,
        webhook_id=replay.webhook_id,
        event_id=entry.event_id,
        event_type=entry.type,
        asset_id=entry.asset_id,
        sequence=json.loads(entry.body)["sequence"],
        state=DeliveryState.PENDING,
        replay_id=replay.id,
        next_attempt_at=now + timedelta(seconds=delay_s) + GRACE,
        created_at=now,
        updated_at=now,
    )
