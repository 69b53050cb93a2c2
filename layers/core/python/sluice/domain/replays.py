"""A replay: deliveries of one endpoint that its owner asked for again, whether they had arrived or not."""

from datetime import datetime
from fnmatch import fnmatchcase

from sluice.domain.models import Delivery, Model
from sluice.domain.states import REPLAY_EDGES, DeliveryState, ReplayState, check_edge


class Selection(Model):
    """Either these events, or those of a time; both bounds are of the events' own times, the second one exclusive."""

    event_ids: tuple[str, ...] = ()  # sorted, each once
    since: datetime | None = None
    until: datetime | None = None
    types: tuple[str, ...] = ("*",)  # globs, as of an endpoint
    only_failed: bool = False

    def takes(self, delivery: Delivery) -> bool:
        if self.only_failed and delivery.state is not DeliveryState.DEAD:
            return False
        return any(fnmatchcase(delivery.event_type, pattern) for pattern in self.types)


class Counts(Model):
    sent: int = 0  # queued
    skipped: int = 0  # on their way already
    missing: int = 0  # never sent to this endpoint, or no longer stored

    def plus(self, other: "Counts") -> "Counts":
        return Counts(
            sent=self.sent + other.sent, skipped=self.skipped + other.skipped, missing=self.missing + other.missing
        )


class Replay(Model):
    id: str
    tenant_id: str
    webhook_id: str
    selection: Selection
    matched: int  # when it began
    state: ReplayState = ReplayState.RUNNING
    counts: Counts = Counts()
    position: str | None = None  # the last event that was handled, oldest first; then a place in the feed
    next_step_at: datetime | None  # when the sweeper takes the next step
    created_at: datetime
    updated_at: datetime
    version: int = 1


class ReplayPlace(Model):
    """One of the few that a tenant's running replays have."""

    tenant_id: str
    number: int  # from 0
    webhook_id: str
    replay_id: str  # that has it, or had it last
    version: int = 1


def step(
    replay: Replay, now: datetime, *, counts: Counts, position: str | None, next_step_at: datetime | None
) -> Replay:
    """The replay after some of its deliveries. `position` None: there are no more."""
    state = replay.state if position else check_edge(REPLAY_EDGES, replay.state, ReplayState.COMPLETED)
    return replay.model_copy(
        update={
            "state": state,
            "counts": replay.counts.plus(counts),
            "position": position or replay.position,
            "next_step_at": next_step_at if position else None,
            "updated_at": now,
            "version": replay.version + 1,
        }
    )


def stop(replay: Replay, now: datetime) -> Replay:
    """Its endpoint takes nothing any more."""
    return replay.model_copy(
        update={
            "state": check_edge(REPLAY_EDGES, replay.state, ReplayState.STOPPED),
            "next_step_at": None,
            "updated_at": now,
            "version": replay.version + 1,
        }
    )
