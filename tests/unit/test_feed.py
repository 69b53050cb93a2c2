"""The feed gives every event one place and shows all of them, in one order, to whoever pages while others write late.

Seeded schedules: events are made in one order and dispatched in another, doubled, by dispatchers that interleave, die
and disagree about the time. Readers that would lose something under the same schedules are here as mutants.
"""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from sluice.domain.errors import CursorExpired, WriteConflict
from sluice.domain.events import Event
from sluice.domain.feed import START, FeedEntry, Position
from sluice.service.feed import append_events, end_of_feed, read_feed
from sluice.service.ports import Write
from tests.fakes.faults import Died, Fallible
from tests.fakes.records import FakeRecords
from tests.unit.webhook_world import WebhookWorld

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "60")))
EVENTS = 25


class Slow(FakeRecords):
    """As DynamoDB's queries may see it: the rows of a transaction show one by one, the head's before the entry's."""

    hidden: frozenset[int] = frozenset()

    def feed_entries(self, tenant_id: str, hour: str, *, after: int, limit: int) -> list[FeedEntry]:
        found = super().feed_entries(tenant_id, hour, after=after, limit=limit + len(self.hidden))
        return [entry for entry in found if entry.number not in self.hidden][:limit]


@dataclass
class Reader:
    seen: list[str] = field(default_factory=list)
    position: Position | None = None

    def read(self, world: WebhookWorld, limit: int) -> None:
        page = read_feed(
            world.tenant.id,
            after=self.position,
            wanted=lambda _: True,
            limit=limit,
            records=world.records,
            now=world.now,
        )
        self.seen += [entry.event_id for entry in page.entries]
        self.position = page.position


class ByUlid(Reader):
    """Mutant: the id of the last event is its cursor."""

    def read(self, world: WebhookWorld, limit: int) -> None:
        entries = (row for row in world.records.rows.values() if isinstance(row, FeedEntry))
        ids = sorted(entry.event_id for entry in entries)
        self.seen += [one for one in ids if not self.seen or one > max(self.seen)][:limit]


class BySight(Reader):
    """Mutant: takes what it sees for all there is."""

    def read(self, world: WebhookWorld, limit: int) -> None:
        last = self.position.number if self.position else 0
        hours = world.records.feed_hours(world.tenant.id, since="", limit=99)
        found = [
            entry
            for hour in hours
            for entry in world.records.feed_entries(world.tenant.id, hour.hour, after=last, limit=limit)
        ][:limit]
        self.seen += [entry.event_id for entry in found]
        self.position = Position(found[-1].number, found[-1].hour) if found else self.position


class Schedule:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.records = Slow()
        self.world = WebhookWorld(records=self.records)
        self.made = 0
        self.waiting: list[Event] = []  # to be dispatched

    def step(self) -> None:
        if self.made < EVENTS and self.dice.random() < 0.5:
            self.waiting.append(self.world.event())
            self.made += 1
        self.world.now.tick(minutes=self.dice.choice([1, 1, 30, -5]))
        if self.waiting and self.dice.random() < 0.6:
            self.dispatch(self.dice.sample(self.waiting, self.dice.randint(1, len(self.waiting))))
        end = end_of_feed(self.world.tenant.id, records=self.records).number
        self.records.hidden = frozenset(number for number in range(end - 2, end + 1) if self.dice.random() < 0.3)

    def dispatch(self, events: list[Event]) -> None:
        self.world.with_ports(records=Fallible(self.records, self.disturb))
        with suppress(Died):
            self.world.dispatch_batch(events)
        self.waiting = self.records.undispatched(self.waiting)

    def disturb(self, name: str) -> None:
        """Another dispatcher is faster, or this one dies."""
        if name == "feed_head" and self.dice.random() < 0.4:
            append_events([self.dice.choice(self.waiting)], records=self.records, now=self.world.now)
        if self.dice.random() < 0.05:
            raise Died(name)


def run(seed: int, *readers: Reader) -> list[str]:
    """One schedule; afterwards, the events in the order that their numbers give."""
    schedule = Schedule(seed)
    while schedule.made < EVENTS or schedule.waiting:
        schedule.step()
        for reader in readers:
            if schedule.dice.random() < 0.5:
                reader.read(schedule.world, schedule.dice.choice([1, 2, 7, 100]))
    schedule.records.hidden = frozenset()
    for reader in readers:
        for _ in range(EVENTS):
            reader.read(schedule.world, 3)
    entries = [row for row in schedule.records.rows.values() if isinstance(row, FeedEntry)]
    return [entry.event_id for entry in sorted(entries, key=lambda entry: entry.number)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_reader_sees_every_event_once_in_the_same_order(seed: int) -> None:
    readers = Reader(), Reader()
    order = run(seed, *readers)
    assert len(order) == len(set(order)) == EVENTS
    assert [reader.seen for reader in readers] == [order, order]


@pytest.mark.parametrize("mutant", [ByUlid, BySight])
def test_a_reader_that_would_skip_is_caught(mutant: Callable[[], Reader]) -> None:
    def loses(seed: int) -> bool:
        reader = mutant()
        return reader.seen != run(seed, reader) and len(set(reader.seen)) < EVENTS

    assert sum(map(loses, range(20))) >= 10


def test_a_head_that_is_written_without_a_condition_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconditioned(records: FakeRecords, write: Write) -> None:
        """Mutant: whoever writes last is right."""

    monkeypatch.setattr(FakeRecords, "_check", unconditioned)
    assert any(sorted(set(order := run(seed))) != sorted(order) or len(order) < EVENTS for seed in range(20))


# ------------------------------------------------------------------ edges


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def read(world: WebhookWorld, after: Position | None, limit: int = 100) -> tuple[list[str], Position]:
    page = read_feed(
        world.tenant.id, after=after, wanted=lambda _: True, limit=limit, records=world.records, now=world.now
    )
    return [entry.event_id for entry in page.entries], page.position


def append(world: WebhookWorld) -> str:
    event = world.event()
    append_events([event], records=world.records, now=world.now)
    return event.id


def test_an_event_keeps_its_place_however_often_it_is_appended(world: WebhookWorld) -> None:
    first, second = world.event(), world.event()
    for event in (second, first, second, first):
        append_events([event], records=world.records, now=world.now)
    assert read(world, None)[0] == [second.id, first.id]
    assert end_of_feed(world.tenant.id, records=world.records).number == 2


def test_a_feed_without_events_begins_where_they_will(world: WebhookWorld) -> None:
    found, position = read(world, None)
    assert (found, position) == ([], START) == ([], end_of_feed(world.tenant.id, records=world.records))
    event_id = append(world)
    assert read(world, position)[0] == [event_id]


def test_a_clock_that_is_behind_does_not_turn_hours_back(world: WebhookWorld) -> None:
    ids = [append(world)]
    world.now.tick(hours=-2)
    ids.append(append(world))
    world.now.tick(hours=3)
    ids.append(append(world))
    assert read(world, None)[0] == ids


def test_what_is_older_than_thirty_days_is_left_out_and_not_skipped_in_silence(world: WebhookWorld) -> None:
    append(world)
    _, old = read(world, None)
    append(world)
    world.now.tick(days=31)
    assert read(world, None) == ([], Position(2, "2026-12-01T10"))
    with pytest.raises(CursorExpired):
        read(world, old)
    event_id = append(world)
    assert read(world, None)[0] == [event_id]
    with pytest.raises(CursorExpired):
        read(world, old)


def test_a_cursor_of_a_quiet_month_goes_on(world: WebhookWorld) -> None:
    append(world)
    _, position = read(world, None)
    world.now.tick(days=40)
    assert read(world, position) == ([], position)
    event_id = append(world)
    assert read(world, position)[0] == [event_id]


def test_a_head_that_is_always_moved_by_others_is_left_to_the_stream(world: WebhookWorld) -> None:
    class Losing(FakeRecords):
        def commit(self, *writes: Write) -> None:
            raise WriteConflict()

    losing = Losing()
    losing.rows = world.records.rows
    event = world.event()
    with pytest.raises(WriteConflict):
        append_events([event], records=losing, now=world.now)
