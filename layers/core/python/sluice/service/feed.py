"""The feed of a tenant: events get their place in it when they are dispatched, and are read page by page.

Dispatchers of one tenant take turns at its head, in one transaction with the entry and the end of the event's own
dispatch: no number is given twice or left out, and no event gets two. Readers stop at a number that they do not see:
the rows of a transaction show one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sluice.domain.errors import CursorExpired, WriteConflict
from sluice.domain.events import Event
from sluice.domain.feed import RETENTION, START, FeedEntry, FeedHead, FeedHour, FeedPlace, Position, hour_of
from sluice.service.feed_ports import Dispatched, FeedRecords
from sluice.service.ports import Clock, Create, Records, Replace

TURNS = 20  # behind so many other dispatchers of the tenant; the stream and the sweeper come back after that
TOGETHER = 25  # events of one transaction, of three rows each: it may have a hundred, and 4 MB
EXAMINED = 1_000  # events that one read looks at, however few are wanted
CHUNK = 100  # events of one query
HOURS = 100  # partitions that one read opens


class Page(NamedTuple):
    entries: list[FeedEntry]
    position: Position  # behind the last event that was looked at
    more: bool  # there are events behind it


def append_events(events: Sequence[Event], *, records: Records, now: Clock) -> None:
    """Places in the feed for events of one tenant, in their order, and the end of their dispatch.

    Safe to repeat: an event that has its place keeps it. Raises WriteConflict when others are always faster; what was
    appended until then stays.
    """
    for first in range(0, len(events), TOGETHER):
        _append(list(events[first : first + TOGETHER]), records, now)


def _append(events: list[Event], records: Records, now: Clock) -> None:
    for _ in range(TURNS):
        head = records.feed_head(events[0].tenant_id)
        try:
            records.commit(*_appended(events, head, hour_of(now())), *map(Dispatched, events))
            return
        except WriteConflict:
            events = records.undispatched(events)
        if not events:
            return
    raise WriteConflict()


def _appended(events: list[Event], head: FeedHead | None, hour: str) -> Iterator[Create | Replace]:
    """Clocks of dispatchers differ: the hour is never before that of the event in front."""
    tenant_id = events[0].tenant_id
    hour = hour if head is None else max(hour, head.hour)
    first = 1 if head is None else head.number + 1
    after = FeedHead(tenant_id=tenant_id, hour=hour, version=first + len(events) - 1)
    if head is None or head.hour != hour:
        yield Create(FeedHour(tenant_id=tenant_id, hour=hour, first=first))
    for number, event in enumerate(events, first):
        yield Create(_entry(event, number, hour))
        yield Create(FeedPlace(tenant_id=tenant_id, event_id=event.id, number=number, hour=hour))
    yield Create(after) if head is None else Replace(after, steps=len(events))


def _entry(event: Event, number: int, hour: str) -> FeedEntry:
    return FeedEntry(
        tenant_id=event.tenant_id,
        number=number,
        hour=hour,
        event_id=event.id,
        type=event.type,
        asset_id=event.asset_id,
        body=event.body,
    )


def end_of_feed(tenant_id: str, *, records: FeedRecords) -> Position:
    """Behind all that there is."""
    head = records.feed_head(tenant_id)
    return Position(head.number, head.hour) if head else START


def read_feed(
    tenant_id: str,
    *,
    after: Position | None,
    wanted: Callable[[FeedEntry], bool],
    limit: int,
    records: FeedRecords,
    now: Clock,
) -> Page:
    """Events behind `after` in order, `limit` at most; None: from the oldest that is kept. Raises CursorExpired."""
    end = end_of_feed(tenant_id, records=records)  # first: what is appended meanwhile is behind it
    horizon = hour_of(now() - RETENTION)
    position = _oldest(tenant_id, horizon, end, records) if after is None else after
    found: list[FeedEntry] = []
    if position.number >= end.number:
        return Page(found, position, more=False)
    for entry in islice(_following(tenant_id, position, end.number, horizon, records), EXAMINED):
        position = Position(entry.number, entry.hour)
        if wanted(entry):
            found.append(entry)
        if len(found) == limit:
            break
    return Page(found, position, more=position.number < end.number)


def _oldest(tenant_id: str, horizon: str, end: Position, records: FeedRecords) -> Position:
    hours = records.feed_hours(tenant_id, since=horizon, limit=1)
    return Position(hours[0].first - 1, hours[0].hour) if hours else end


def _following(tenant_id: str, after: Position, last: int, horizon: str, records: FeedRecords) -> Iterator[FeedEntry]:
    hours = records.feed_hours(tenant_id, since=max(after.hour, horizon), limit=HOURS)
    following = after.number + 1
    if after.hour < horizon and (not hours or hours[0].first > following):
        raise CursorExpired()
    for hour in hours:
        for entry in _of_hour(tenant_id, hour.hour, following, last, records):
            if entry.number != following:
                return
            yield entry
            following += 1


def _of_hour(tenant_id: str, hour: str, first: int, last: int, records: FeedRecords) -> Iterator[FeedEntry]:
    while first <= last and (chunk := records.feed_entries(tenant_id, hour, after=first - 1, limit=CHUNK)):
        yield from chunk
        first = chunk[-1].number + 1
