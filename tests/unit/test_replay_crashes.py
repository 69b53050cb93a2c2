"""Whatever dies during a replay: each delivery is sent again, and once."""

import pytest

from functions.api_deliveries import handler
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.replays import Replayer, advance_replay
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_deaths import replay_with_a_death
from tests.unit.replay_world import dead, delivered, replay, replays_api, rfc3339
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
    """Two steps over five dead deliveries, with their sends and writes."""
    world = api.world
    events = [dead(world) for _ in range(5)]
    wanted = {"since": rfc3339(events[0].timestamp), "only_failed": True}
    ended = replay_with_a_death(api, endpoint, wanted, dies_at=dies_at, patch=monkeypatch)
    if ended is None:
        return
    assert {world.delivery(endpoint, event).state for event in events} == {DeliveryState.DELIVERED}
    assert [world.delivery(endpoint, event).attempts for event in events] == [len(SCHEDULE.delays_s) + 1] * 5
    assert (ended.state, ended.matched, ended.counts.sent) == ("completed", 5, 5)


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
