"""`GET /v1/events`: the feed by cursor, with a wait for what is not there yet.

Waiting occupies a function, so a tenant has a number of places to wait in, each a row that is free again by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple, Protocol

from sluice.domain.errors import AssetNotFound, TooManyPolls, WriteConflict
from sluice.domain.event_patterns import matches_any
from sluice.domain.feed import CLOCK_SKEW, FeedEntry, FeedWaiter, Position
from sluice.domain.ids import Prefix, is_id
from sluice.service import cursors
from sluice.service.feed import Page, end_of_feed, read_feed
from sluice.service.ports import Clock, Create, Records, Remove, Replace
from sluice.service.retries import retry_on_conflict

ROUTE = "GET /v1/events"
LATEST = "latest"  # instead of a cursor: from now on
LOOK_EVERY_S = 0.5  # what a waiting request adds to an event's way, on average half of it; a read of one row each


class Sleep(Protocol):
    def __call__(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class PollPorts:
    records: Records
    cursor_key: Callable[[], bytes]
    places: int  # to wait in, of one tenant
    sleep: Sleep
    now: Clock


class Poll(NamedTuple):
    tenant_id: str
    request_id: str
    after: str | None  # a cursor, LATEST, or None: from the oldest that is kept
    types: tuple[str, ...]  # globs; none: all
    asset_id: str | None
    limit: int
    wait_s: int

    @property
    def filters(self) -> dict[str, str]:
        return {"types": ",".join(self.types), "asset_id": self.asset_id or ""}

    def wants(self, entry: FeedEntry) -> bool:
        of_type = not self.types or matches_any(entry.type, self.types)
        return of_type and (self.asset_id is None or entry.asset_id == self.asset_id)


class Events(NamedTuple):
    bodies: list[str]  # as webhooks carry them
    cursor: str  # behind the last event that was looked at
    more: bool


def poll_events(poll: Poll, *, ports: PollPorts) -> Events:
    """In the order of the feed. Raises InvalidCursor, CursorExpired, AssetNotFound, TooManyPolls."""
    if poll.asset_id is not None:
        _check_asset(poll.asset_id, poll.tenant_id, ports.records)
    page = _read(poll, _after(poll, ports), ports)
    if not page.entries and poll.wait_s:
        with _place(poll, ports):
            page = _wait(poll, page, ports)
    key, tenant_id = ports.cursor_key(), poll.tenant_id
    cursor = cursors.seal(str(page.position), key=key, tenant_id=tenant_id, route=ROUTE, filters=poll.filters)
    return Events([entry.body for entry in page.entries], cursor, page.more)


def _check_asset(asset_id: str, tenant_id: str, records: Records) -> None:
    """Events of a deleted asset stay readable."""
    if not is_id(Prefix.ASSET, asset_id) or records.asset(tenant_id, asset_id) is None:
        raise AssetNotFound()


def _after(poll: Poll, ports: PollPorts) -> Position | None:
    if poll.after is None:
        return None
    if poll.after == LATEST:
        return end_of_feed(poll.tenant_id, records=ports.records)
    key, tenant_id = ports.cursor_key(), poll.tenant_id
    return Position.parse(cursors.unseal(poll.after, key=key, tenant_id=tenant_id, route=ROUTE, filters=poll.filters))


def _read(poll: Poll, after: Position | None, ports: PollPorts) -> Page:
    return read_feed(
        poll.tenant_id, after=after, wanted=poll.wants, limit=poll.limit, records=ports.records, now=ports.now
    )


def _wait(poll: Poll, page: Page, ports: PollPorts) -> Page:
    until = ports.now() + timedelta(seconds=poll.wait_s)
    while not page.entries and (left := (until - ports.now()).total_seconds()) > 0:
        before = page.position
        page = _read(poll, before, ports)
        if page.position == before:
            ports.sleep(min(LOOK_EVERY_S, left))
    return page


@contextmanager
def _place(poll: Poll, ports: PollPorts) -> Iterator[None]:
    place = _take_place(poll, ports)
    try:
        yield
    finally:
        with suppress(WriteConflict):  # it ran out, and is another's now
            ports.records.commit(Remove(place))


@retry_on_conflict
def _take_place(poll: Poll, ports: PollPorts) -> FeedWaiter:
    """Raises TooManyPolls."""
    now = ports.now()
    taken = {waiter.place: waiter for waiter in ports.records.feed_waiters(poll.tenant_id)}
    first = sha256(poll.request_id.encode()).digest()[0]  # requests of one moment begin to look at different places
    for place in ((first + step) % ports.places for step in range(ports.places)):
        before = taken.get(place)
        if before is None or before.until < now:
            mine = FeedWaiter(
                tenant_id=poll.tenant_id,
                place=place,
                holder=poll.request_id,
                until=now + timedelta(seconds=poll.wait_s) + CLOCK_SKEW,
                version=before.version + 1 if before else 1,
            )
            ports.records.commit(Replace(mine) if before else Create(mine))
            return mine
    raise TooManyPolls()
