"""Optimistic locking's other half: when somebody else wrote first, read again and decide again."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sluice.domain.errors import InvalidTransition, WriteConflict

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5  # each try reads fresh state, so a second conflict needs a second concurrent writer


def retry_on_conflict(use_case: Callable[P, R]) -> Callable[P, R]:
    """Run a use case that reads, decides and commits once; repeat it while its commit meets a WriteConflict.

    An InvalidTransition is looked at again as well: of two rows read one after the other, the second may be newer.
    """

    @wraps(use_case)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                return use_case(*args, **kwargs)
            except (WriteConflict, InvalidTransition):
                continue
        return use_case(*args, **kwargs)

    return run
