"""What can go wrong inside one call of a use case, at any of its steps."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from sluice.domain.errors import ProviderFailure, WriteConflict
from tests.fakes.faults import Died

STEPS = 12  # each call of a port is two: before it, and after its effect


class Trouble(NamedTuple):
    kind: Literal["crash", "fault", "conflict", "meanwhile", "while joining"]
    step: int = 0
    deed: str = ""  # of the last two: what somebody else does just then


class Plan:
    """For `Fallible`: asked before and after every call of a port."""

    def __init__(self, trouble: Trouble | None, meanwhile: Callable[[str], None]) -> None:
        self._trouble = trouble
        self._meanwhile = meanwhile
        self._steps = 0
        self._commits = 0
        self.struck = False

    def __call__(self, name: str) -> None:
        step, self._steps = self._steps, self._steps + 1
        if self._trouble is None or self.struck:
            return
        if self._trouble.kind == "conflict":
            if name == "commit":
                self._conflict(self._trouble.step)
        elif self._trouble.kind == "while joining":
            if name == "complete_multipart":  # the parts have been listed and found to be right
                self._strike(self._trouble)
        elif step == self._trouble.step:
            self._strike(self._trouble)

    def _conflict(self, chosen: int) -> None:
        """Before the commit of that number: a transaction that conflicts changes nothing."""
        asked, self._commits = self._commits, self._commits + 1
        if asked == 2 * chosen:
            self.struck = True
            raise WriteConflict()

    def _strike(self, trouble: Trouble) -> None:
        self.struck = True
        if trouble.kind == "crash":
            raise Died(trouble.step)
        if trouble.kind == "fault":
            raise ProviderFailure()
        self._meanwhile(trouble.deed)
