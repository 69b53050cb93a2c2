"""Every event reaches every endpoint, whatever goes wrong on the way: once or more, under one id, never less."""

import os
from collections import Counter

import pytest

from tests.faults.delivery_storm import BURSTS, Stormy
from tests.faults.replay_storm import replayed

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "100")))  # `make faults N=...` blows longer
BLOCKS = 10


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize("block", range(BLOCKS))
def test_nothing_is_lost(block: int, seen: Counter[str]) -> None:
    for seed in SEEDS[block::BLOCKS]:
        stormy = Stormy(seed)
        stormy.blow()
        assert not list(stormy.violations()), f"seed {seed}"
        seen["schedules"] += 1
        seen["events"] += len(stormy.events())
        seen["deaths"] += stormy.storm.died
        seen["duplicates"] += sum(times - 1 for times in stormy.storm.accepted.values() if times > 1)
        for name, count in zip(("replays", "filled"), replayed(stormy), strict=True):
            seen[name] += count
        seen["dead_letters"] += any(delivery.redriven_after for delivery in stormy.world.deliveries())


def test_the_storm_does_blow(seen: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise the test above would show nothing. Prints what it went through."""
    with capsys.disabled():
        figures = ", ".join(f"{name} {count}" for name, count in seen.items())
        print(f"\ndelivery storm: {figures}; lost 0, delivered fewer than once 0", end=" ")
    assert seen["schedules"] == len(SEEDS)
    assert seen["events"] > len(SEEDS) * sum(BURSTS) // 2
    assert seen["deaths"] > len(SEEDS) and seen["duplicates"] > len(SEEDS) // 3 and seen["dead_letters"]
    assert seen["replays"] > len(SEEDS) // 10 and seen["filled"] > len(SEEDS) // 10, "what was missed while off"
