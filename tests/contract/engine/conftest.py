"""One engine for all contract tests of the adapter; each test deploys its own small stack."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.engine import Engine, LocalImage
from tests.contract.engine.machines import Machines, make_machines

TASK_PROGRAM = Path(__file__).with_name("task_program.py")
IMAGE = LocalImage(contains="contract/task", argv=[sys.executable, str(TASK_PROGRAM)], env={"FROM_IMAGE": "yes"})
DEADLINE_S = 60.0  # generous: shared machines pause
POLL_S = 0.05

Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("engine"), images=[IMAGE]) as running:
        yield running


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """`eventually(look)` calls `look` until it answers something true, and answers that."""

    def wait(look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(POLL_S)
        raise AssertionError(f"still nothing after {DEADLINE_S:.0f} s")

    return wait


@pytest.fixture(scope="session")
def machines(engine: Engine, eventually: Eventually) -> Machines:
    return make_machines(engine, eventually)
