"""Ports that misbehave on purpose."""

from collections.abc import Callable
from itertools import count
from typing import Any


class Died(BaseException):
    """The process ended here. Not an Exception: no code of ours may catch it."""


class Fallible:
    """Stands before a port and asks `plan` before and after every call; the plan may raise."""

    def __init__(self, port: Any, plan: Callable[[str], None]) -> None:
        self._port = port
        self._plan = plan

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._port, name)
        if not callable(target):
            return target

        def call(*args: Any, **kwargs: Any) -> Any:
            self._plan(name)
            answer = target(*args, **kwargs)
            self._plan(name)
            return answer

        return call


class DieOnce:
    """A plan that lets `calls` steps pass and dies at the next; None never dies and counts."""

    def __init__(self, calls: int | None = None) -> None:
        self._fatal = calls
        self._numbers = count()
        self.seen = 0

    def __call__(self, name: str) -> None:
        self.seen = next(self._numbers) + 1
        if self._fatal is not None and self.seen == self._fatal + 1:
            raise Died(f"step {self._fatal} ({name})")
