"""How many replays of a tenant may run at once: each is a share of the one sweeper that all tenants have.

A place is free when the replay that took it has ended, so nothing has to be given back.
"""

from sluice.domain.replay_errors import TooManyReplays
from sluice.domain.replays import Replay, ReplayPlace
from sluice.domain.states import ReplayState
from sluice.service.ports import Create, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.webhook_ports import DeliveryLog

MAX_RUNNING = 5


@retry_on_conflict
def take_place(replay: Replay, *, records: Records, log: DeliveryLog) -> None:
    """Stores the replay, in one transaction with its place. Raises TooManyReplays."""
    taken = {place.number: place for place in log.replay_places(replay.tenant_id)}
    for number in range(MAX_RUNNING):
        place = taken.get(number)
        if place is None or not _is_running(place, log):
            records.commit(Create(replay), _written(number, place, replay))
            return
    raise TooManyReplays()


def _is_running(place: ReplayPlace, log: DeliveryLog) -> bool:
    replay = log.replay(place.tenant_id, place.webhook_id, place.replay_id)
    return replay is not None and replay.state is ReplayState.RUNNING


def _written(number: int, before: ReplayPlace | None, replay: Replay) -> Create | Replace:
    after = ReplayPlace(
        tenant_id=replay.tenant_id,
        number=number,
        webhook_id=replay.webhook_id,
        replay_id=replay.id,
        version=1 if before is None else before.version + 1,
    )
    return Create(after) if before is None else Replace(after)
