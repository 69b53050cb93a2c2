"""A clock for threads that sleep: when all of them do, it jumps to the first that wakes. Nobody really waits."""

import heapq
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event, Lock, Thread


class VirtualTime:
    def __init__(self) -> None:
        self._start = datetime(2026, 12, 1, 10, tzinfo=UTC)
        self._elapsed = 0.0
        self._awake = 0
        self._numbers = count()  # of two that wake together, who slept first
        self._sleepers: list[tuple[float, int, Event]] = []
        self._lock = Lock()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def sleep(self, seconds: float) -> None:
        alarm = Event()
        with self._lock:
            heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._numbers), alarm))
            self._leave()
        alarm.wait()

    def _leave(self) -> None:
        """The last one who goes to sleep wakes the first."""
        self._awake -= 1
        if self._awake == 0 and self._sleepers:
            self._elapsed, _, alarm = heapq.heappop(self._sleepers)
            self._awake += 1
            alarm.set()

    def run(self, actions: Iterable[Callable[[], None]]) -> None:
        """Each in a thread of its own, until all have returned; one runs at any moment."""
        crashes: list[BaseException] = []

        def run_one(action: Callable[[], None]) -> None:
            try:
                self.sleep(0)
                action()
            except BaseException as error:
                crashes.append(error)
            with self._lock:
                self._leave()

        threads = [Thread(target=run_one, args=(action,), daemon=True) for action in actions]
        self._awake = len(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if crashes:
            raise crashes[0]
