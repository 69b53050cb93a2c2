"""Endpoints that are switched off in the storm: what they missed comes by a replay, of a time or of named events.

The replay is asked for in the storm, again until it is answered, and from then on nobody helps it.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluice.domain.errors import WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, WebhookEndpoint
from sluice.domain.replay_errors import TooManyReplays
from sluice.domain.replays import Replay, Selection
from sluice.service.ports import Replace
from sluice.service.replay_gaps import delivery_id
from sluice.service.replays import Replayer, select, start_replay
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.faults import Died

if TYPE_CHECKING:
    from tests.faults.delivery_storm import Stormy

ASKED = 300  # times, until something is wrong: askers die, too


def miss_and_replay(stormy: "Stormy") -> None:
    """Events happen while one endpoint is off; some of them are dispatched, and deliveries of others are given up."""
    since = stormy.world.now()
    endpoint = stormy.storm.dice.choice(stormy.endpoints)
    switch(stormy, endpoint, enabled=False)
    for _ in range(2):
        stormy.change()
        stormy.stream()
        stormy.live(minutes=2)
    switch(stormy, endpoint, enabled=True)
    ask(stormy, endpoint, selection(stormy, since=since - timedelta(hours=1)))


def switch(stormy: "Stormy", endpoint: WebhookEndpoint, *, enabled: bool) -> None:
    records = stormy.world.records
    for _ in range(ASKED):
        stored = records.webhook(endpoint.tenant_id, endpoint.id)
        assert stored is not None
        try:
            records.commit(Replace(stored.model_copy(update={"enabled": enabled, "version": stored.version + 1})))
        except WriteConflict:
            continue
        return
    raise AssertionError("always somebody faster")


def selection(stormy: "Stormy", since: datetime) -> Selection:
    chosen = {"types": ("*",), "only_failed": False, "until": None, "now": stormy.world.now()}
    if stormy.storm.dice.random() < 0.5:
        return select(event_ids=(), since=since, **chosen)  # type: ignore[arg-type]
    return select(event_ids=tuple(event.id for event in stormy.events()), since=None, **chosen)  # type: ignore[arg-type]


def ask(stormy: "Stormy", endpoint: WebhookEndpoint, wanted: Selection) -> None:
    world = stormy.world
    ports = Replayer(
        records=world.ports.records, log=FakeDeliveryLog(world.records), queue=world.ports.queue, now=world.now
    )
    for _ in range(ASKED):
        made = world.new_id(Prefix.REPLAY)
        try:
            start_replay(made, endpoint.id, wanted, tenant_id=world.tenant.id, ports=ports)
        except (Died, WriteConflict, TooManyReplays):
            stormy.live(minutes=2)  # unanswered: it may or may not have begun
            continue
        return
    raise AssertionError("never answered")


def replayed(stormy: "Stormy") -> tuple[int, int]:
    """Replays, and deliveries that exist only by them."""
    rows = stormy.world.records.rows.values()
    replays = [row for row in rows if isinstance(row, Replay)]
    made = {delivery_id(event.id, replay) for replay in replays for event in stormy.events()}
    return len(replays), sum(isinstance(row, Delivery) and row.id in made for row in rows)
