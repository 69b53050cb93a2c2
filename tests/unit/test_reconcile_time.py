"""A sweep ends before its function does, and what it leaves over is not always the same."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

import sluice.service.reconcile as reconcile_module
from sluice.service.ports import Create, Write
from sluice.service.reconcile import LIMIT
from tests.contract.samples import make_delivery
from tests.unit.test_reconcile import sweep
from tests.unit.world import World


def test_a_step_stops_at_its_budget() -> None:
    world = World()
    for _ in range(3):
        world.create()
    world.now.tick(seconds=3601)
    abort = world.objects.abort_multipart

    def slow(key: str, multipart_id: str) -> None:
        world.now.tick(seconds=11)
        abort(key, multipart_id)

    world.objects.abort_multipart = slow  # type: ignore[method-assign]
    assert sweep(world)["expired_uploads"] == 1


def test_a_sweep_ends_before_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is due and however slow the table is."""
    world = World()
    for _ in range(LIMIT):
        world.records.commit(Create(make_delivery(next_attempt_at=world.now())))
    began, slow = world.now() + timedelta(seconds=1), world.records.commit

    def commit(*writes: Write) -> None:
        world.now.tick(seconds=0.5)
        slow(*writes)

    monkeypatch.setattr(world.records, "commit", commit)
    world.now.tick(seconds=1)
    assert 60 < sweep(world)["due_deliveries"] < LIMIT
    assert world.now() - began < timedelta(seconds=50)


def test_no_kind_is_left_out_for_ever_when_all_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """And still each sweep ends before its function."""
    world = World()
    ran: list[str] = []
    steps = reconcile_module._steps

    def slow(*arguments: Any) -> dict[str, Callable[[], int]]:
        def run(name: str) -> int:
            world.now.tick(seconds=8)  # its budget, and one slow row
            ran.append(name)
            return 0

        return {name: partial(run, name) for name in steps(*arguments)}

    monkeypatch.setattr(reconcile_module, "_steps", slow)
    kinds = len(sweep(world))
    seen = set(ran)
    assert len(seen) < kinds, "there was time for all"
    for _ in range(kinds):
        began = world.now()
        ran.clear()
        sweep(world)
        seen |= {*ran}
        assert world.now() - began < timedelta(seconds=55)
        world.now.moment = began + timedelta(minutes=1)
    assert len(seen) == kinds
