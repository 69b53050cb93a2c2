"""Bugs planted on purpose: the storm finds each. If it did not, its silence about the real code would mean nothing."""

from collections.abc import Callable

import pytest

from sluice.domain.events import Event
from sluice.domain.replays import Counts
from sluice.service import replays
from sluice.service.dispatch import Undispatched
from sluice.service.feed import append_events
from sluice.service.ports import Create, Remove, Replace, Write
from tests.faults.delivery_storm import ContestedRecords, Stormy

SEEDS = range(300)  # the rarest is caught by one in fifteen


class DualWrite(ContestedRecords):
    """State and event in two writes."""

    def commit(self, *writes: Write) -> None:
        if not any(isinstance(write, Create) and isinstance(write.record, Event) for write in writes):
            return super().commit(*writes)
        for number, write in enumerate(writes):
            if number:
                self.storm.kill("between")
            super().commit(write)


class Unconditioned(ContestedRecords):
    """Updates that assume nothing."""

    def _check(self, write: Write) -> None:
        if isinstance(write, Create):
            super()._check(write)
        elif isinstance(write, Replace | Remove):
            return


def no_sweeper(stormy: Stormy) -> None:
    stormy.world.sweep = lambda: None  # type: ignore[method-assign]


def ack_before_write(stormy: Stormy) -> None:
    """Events leave the work index before their deliveries exist."""
    dispatch_batch = stormy.world.dispatch_batch

    def eager(events: list[Event]) -> Undispatched:
        records = stormy.world.ports.records
        append_events(records.undispatched(events), records=records, now=stormy.world.now)
        return dispatch_batch(events)

    stormy.world.dispatch_batch = eager  # type: ignore[method-assign]


def is_caught(make: Callable[[int], Stormy]) -> bool:
    for seed in SEEDS:
        stormy = make(seed)
        stormy.blow()
        if list(stormy.violations()):
            return True
    return False


@pytest.mark.parametrize("mutate", [no_sweeper, ack_before_write])
def test_a_mutant_is_caught(mutate: Callable[[Stormy], None]) -> None:
    def make(seed: int) -> Stormy:
        stormy = Stormy(seed)
        mutate(stormy)
        return stormy

    assert is_caught(make)


def test_a_dual_write_is_caught() -> None:
    assert is_caught(lambda seed: Stormy(seed, records=DualWrite))


@pytest.mark.parametrize("step", ["send_first", "_send_again"])
def test_a_replay_that_only_counts_is_caught(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """It says `completed` and sends nothing: to events without a delivery, or to given-up ones."""
    monkeypatch.setattr(replays, step, lambda *_, **__: Counts(sent=1))
    assert is_caught(Stormy)


def sent_more_often_than_recorded(records: type[ContestedRecords]) -> int:
    """Rivals, doubles and lost messages, but nobody dies: then no attempt is sent twice."""
    found = 0
    for seed in SEEDS[:15]:
        stormy = Stormy(seed, records=records, deaths=0)
        stormy.blow()
        attempts = sum(delivery.attempts for delivery in stormy.world.deliveries())
        found += len(stormy.world.sender.posts) - attempts
    return found


def test_unconditioned_updates_are_caught() -> None:
    assert sent_more_often_than_recorded(ContestedRecords) == 0
    assert sent_more_often_than_recorded(Unconditioned) > 0
