"""The feed's rows in every record store: in order, by hour, once per event; and places to wait in."""

from datetime import timedelta
from functools import partial

import pytest

from sluice.adapters.items import to_item
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event, EventType, Origin, describe
from sluice.domain.feed import LIFE, FeedEntry, FeedHead, FeedHour, FeedWaiter, Position, hour_of
from sluice.domain.ids import Prefix
from sluice.service import feed
from sluice.service.feed import append_events, end_of_feed, read_feed
from sluice.service.ports import Create, Records, Remove, Replace
from tests.contract.samples import MOMENT, TENANT, make_asset, new_id

HOUR = hour_of(MOMENT)


def stored(records: Records, tenant_id: str = TENANT) -> Event:
    origin = Origin("dev", MOMENT, new_id(Prefix.EVENT))
    asset = make_asset(tenant_id=tenant_id, sequence=1, external_id="Größe")
    event = describe(asset, EventType.ASSET_CREATED, origin, previous_state=None)
    records.commit(Create(event))
    return event


def read(records: Records, after: Position | None, limit: int = 500) -> tuple[list[FeedEntry], Position]:
    page = read_feed(TENANT, after=after, wanted=lambda _: True, limit=limit, records=records, now=lambda: MOMENT)
    return page.entries, page.position


def test_entries_hold_the_stored_bytes_in_the_order_of_their_numbers(records: Records) -> None:
    events = [stored(records) for _ in range(3)]
    stored_elsewhere = stored(records, tenant_id=new_id(Prefix.TENANT))
    for event in (events[2], events[0], stored_elsewhere, events[1], events[0]):
        append_events([event], records=records, now=lambda: MOMENT)
    found, position = read(records, None)
    assert found == [
        FeedEntry(
            tenant_id=TENANT,
            number=number,
            hour=HOUR,
            event_id=event.id,
            type="asset.created",
            asset_id=event.asset_id,
            body=event.body,
        )
        for number, event in enumerate((events[2], events[0], events[1]), 1)
    ]
    assert position == end_of_feed(TENANT, records=records) == Position(3, HOUR)
    assert records.undispatched([*events, stored_elsewhere]) == []
    assert records.undispatched_events(before=MOMENT + timedelta(days=1), limit=9) == []


def test_an_event_that_has_its_place_moves_nothing(records: Records) -> None:
    event = stored(records)
    append_events([event], records=records, now=lambda: MOMENT)
    before = records.feed_head(TENANT)
    append_events([event], records=records, now=lambda: MOMENT + timedelta(hours=2))
    assert records.feed_head(TENANT) == before == FeedHead(tenant_id=TENANT, hour=HOUR, version=1)
    assert len(records.feed_hours(TENANT, since="", limit=9)) == 1


def test_more_events_than_one_query_reads_over_several_hours(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "CHUNK", 2)
    ids = []
    for number in range(11):
        event = stored(records)
        moment = MOMENT + timedelta(minutes=number // 5 * 61)
        append_events([event], records=records, now=lambda moment=moment: moment)  # type: ignore[misc]
        ids.append(event.id)
    seen: list[str] = []
    position = None
    while len(seen) < len(ids):
        page, position = read(records, position, limit=4)
        assert page
        seen += [entry.event_id for entry in page]
    assert seen == ids
    hours = records.feed_hours(TENANT, since="", limit=9)
    assert [(hour.first, hour.hour[-3:]) for hour in hours] == [(1, "T10"), (6, "T11"), (11, "T12")]
    assert records.feed_hours(TENANT, since=hours[1].hour, limit=1) == [hours[1]]
    assert [entry.number for entry in records.feed_entries(TENANT, hours[1].hour, after=7, limit=2)] == [8, 9]


def test_a_place_is_taken_by_one_and_given_back_by_its_holder(records: Records) -> None:
    waiter = FeedWaiter(tenant_id=TENANT, place=2, holder="a", until=MOMENT)
    records.commit(Create(waiter))
    with pytest.raises(WriteConflict):
        records.commit(Create(waiter.model_copy(update={"holder": "b"})))
    assert records.feed_waiters(TENANT) == [waiter]
    assert records.feed_waiters(new_id(Prefix.TENANT)) == []
    after = waiter.model_copy(update={"holder": "b", "version": 2})
    records.commit(Replace(after))
    with pytest.raises(WriteConflict):
        records.commit(Remove(waiter))
    records.commit(Remove(after))
    assert records.feed_waiters(TENANT) == []


def test_rows_are_cleaned_up_after_they_can_be_read_no_more() -> None:
    entry = FeedEntry(tenant_id=TENANT, number=1, hour=HOUR, event_id="evt_1", type="t", body="{}")
    hour = FeedHour(tenant_id=TENANT, hour=HOUR, first=1)
    begin = MOMENT.replace(minute=0, second=0, microsecond=0)
    for row in (entry, hour):
        assert to_item(row)["ttl"] == {"N": str(int((begin + LIFE).timestamp()))}
    assert timedelta(days=31) < LIFE
    assert "ttl" not in to_item(FeedHead(tenant_id=TENANT, hour=HOUR, version=1))


def test_entries_are_found_by_their_events(records: Records) -> None:
    """Over hours, and more than one batch takes; what has no place is left out."""
    events = [stored(records) for _ in range(102)]
    for number, event in enumerate(events[:-1]):
        moment = MOMENT + timedelta(hours=number // 40)
        append_events([event], records=records, now=partial(max, moment, MOMENT))
    found = records.feed_entries_of(TENANT, [event.id for event in events])
    assert {entry.event_id: entry.body for entry in found} == {event.id: event.body for event in events[:-1]}
    assert records.feed_entries_of(new_id(Prefix.TENANT), [events[0].id]) == records.feed_entries_of(TENANT, []) == []
