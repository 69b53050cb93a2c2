"""Replays during which somebody dies, at each of the calls that write or send."""

from typing import Any

import pytest

from sluice.domain.models import WebhookEndpoint
from sluice.domain.replays import Replay
from sluice.service import replays
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_world import minutes, replay

STEP = 3  # deliveries or events


class Died(Exception):
    pass


def replay_with_a_death(
    api: DeliveriesApi, endpoint: WebhookEndpoint, wanted: dict[str, Any], *, dies_at: int, patch: pytest.MonkeyPatch
) -> Replay | None:
    """As it is when all is over. None: the first write was without effect, so the caller has to ask again."""
    world, calls = api.world, list[None]()
    patch.setattr(replays, "AT_ONCE", STEP)
    died = _die_at(dies_at, calls)
    with patch.context() as deadly:
        deadly.setattr(world.records, "commit", died(world.records.commit))
        deadly.setattr(world.queue, "send", died(world.queue.send))
        answer = replay(api, endpoint, wanted)
        for _ in range(5):
            world.now.tick(seconds=61)
            try:
                world.sweep()
            except Died:
                continue
    assert len(calls) >= dies_at, "nobody died"
    stored = [row for row in world.records.rows.values() if isinstance(row, Replay)]
    if answer["statusCode"] == 500 and dies_at == 1:
        assert not stored
        return None
    minutes(world, 8)
    [ended] = [row for row in world.records.rows.values() if isinstance(row, Replay)]
    return ended


def _die_at(number: int, calls: list[None]) -> Any:
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
