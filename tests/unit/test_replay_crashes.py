"""Whatever dies during a replay: each delivery is sent again, and once."""

from typing import Any

import pytest

from functions.api_deliveries import handler
from sluice.domain.models import WebhookEndpoint
from sluice.domain.replays import Replay
from sluice.domain.states import DeliveryState
from sluice.service import replays
from sluice.service.replays import Replayer, advance_replay
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_world import dead, delivered, minutes, replay, replays_api, rfc3339
from tests.unit.webhook_world import SCHEDULE


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = replays_api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


@pytest.fixture
def endpoint(api: DeliveriesApi) -> WebhookEndpoint:
    return api.world.endpoint()


@pytest.mark.parametrize("dies_at", range(1, 14))
def test_whatever_write_dies_each_is_sent_again_once(
    api: DeliveriesApi, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Steps of three over five dead deliveries: two steps with their sends and writes."""
    world = api.world
    monkeypatch.setattr(replays, "AT_ONCE", 3)
    events = [dead(world) for _ in range(5)]
    calls = []
    died = die_at(dies_at, calls)
    with monkeypatch.context() as patch:
        patch.setattr(world.records, "commit", died(world.records.commit))
        patch.setattr(world.queue, "send", died(world.queue.send))
        answer = replay(api, endpoint, {"since": rfc3339(events[0].timestamp), "only_failed": True})
        for _ in range(4):
            world.now.tick(seconds=61)
            try:
                world.sweep()
            except Died:
                continue
    if answer["statusCode"] == 500 and dies_at == 1:  # before anything was stored: the caller repeats it
        assert not [row for row in world.records.rows.values() if isinstance(row, Replay)]
        return
    minutes(world, 8)
    assert {world.delivery(endpoint, event).state for event in events} == {DeliveryState.DELIVERED}
    assert [world.delivery(endpoint, event).attempts for event in events] == [len(SCHEDULE.delays_s) + 1] * 5
    [row] = [row for row in world.records.rows.values() if isinstance(row, Replay)]
    assert (row.state, row.matched, row.counts.sent) == ("completed", 5, 5)


class Died(Exception):
    pass


def die_at(number: int, calls: list[None]) -> Any:
    """The `number`th call of all that are wrapped takes effect, and then its caller dies; or, of two, does not."""

    def wrap(work: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            calls.append(None)
            if len(calls) == number and number % 2:
                raise Died
            work(*given, **named)
            if len(calls) == number:
                raise Died

        return run

    return wrap


def test_a_step_that_is_taken_twice_sends_once(api: DeliveriesApi, endpoint: WebhookEndpoint) -> None:
    world = api.world
    [event] = delivered(world)
    log = api.deps.log
    answer = replay(api, endpoint, {"event_ids": [event.id]})
    stored = log.replay(world.tenant.id, endpoint.id, answer["json"]["replay_id"])
    assert stored is not None
    stale = stored.model_copy(update={"state": "running", "position": None, "version": 1})
    world.work()
    ports = Replayer(records=world.records, log=log, queue=world.queue, now=world.now)
    assert advance_replay(stale, ports=ports) == stored
    assert world.work() == []
