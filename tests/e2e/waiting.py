"""Waiting for a condition, with a deadline that no healthy machine meets."""

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 120.0  # generous: shared machines pause
POLL_S = 0.1

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, *, every_s: float = POLL_S) -> T:
    """Calls `look` until it answers something true, and answers that."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(every_s)
    raise AssertionError(f"{what}: not within {DEADLINE_S:.0f} s")
