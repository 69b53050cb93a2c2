"""Dispatchers of one tenant at once, and a reader beside them, on the engine's DynamoDB."""

from threading import Thread

from infra.local.engine import Engine
from sluice.adapters.records import DynamoRecords
from sluice.domain.events import Event
from sluice.domain.feed import Position
from sluice.service.feed import append_events, read_feed
from tests.contract.samples import MOMENT, TENANT
from tests.contract.tables import create_table
from tests.contract.test_feed import stored

DISPATCHERS, EVENTS = 4, 10


class Reader:
    def __init__(self, records: DynamoRecords) -> None:
        self.seen: list[str] = []
        self._records = records
        self._position: Position | None = None

    def read(self) -> bool:
        page = read_feed(
            TENANT, after=self._position, wanted=lambda _: True, limit=7, records=self._records, now=lambda: MOMENT
        )
        self.seen += [entry.event_id for entry in page.entries]
        self._position = page.position
        return page.more


def test_every_event_is_read_once_while_others_are_appended(engine: Engine) -> None:
    client = engine.client("dynamodb")
    create_table(client, "feed")
    records = DynamoRecords(client, "feed")
    events = [stored(records) for _ in range(DISPATCHERS * EVENTS)]

    def dispatch(mine: list[Event]) -> None:
        for event in mine:
            append_events([event], records=records, now=lambda: MOMENT)

    # each event has two dispatchers, as when the sweeper meets the stream
    shares = [events[number::DISPATCHERS] + events[number - 1 :: DISPATCHERS] for number in range(DISPATCHERS)]
    threads = [Thread(target=dispatch, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    reader = Reader(records)
    while any(thread.is_alive() for thread in threads):
        reader.read()
    for thread in threads:
        thread.join(timeout=60)
    head = records.feed_head(TENANT)
    assert head is not None and head.number == len(events)
    while reader.read():
        pass
    assert sorted(reader.seen) == sorted(event.id for event in events)
