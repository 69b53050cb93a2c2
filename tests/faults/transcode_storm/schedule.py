"""Processes that take turns: one runs at a time, and who goes on after each call of a port is drawn from a seed."""

from collections.abc import Callable
from random import Random
from threading import Semaphore, Thread

from sluice.domain.errors import ProviderFailure
from tests.fakes.faults import Died

MOST_STEPS = 100_000
STALLED = 0.002  # the weight of a process that hardly moves while others do
BUCKET_CALLS = ("download", "put_file", "put", "get")


class Process:
    def __init__(self, name: str, work: Callable[[], object], *, weight: float, fatal: dict[int, str]) -> None:
        self.name, self.weight = name, weight
        self.fatal = fatal  # number of a call -> kill | term | fault
        self.calls = 0
        self.stalls_at: tuple[str, int] | None = None  # a call's name, "" for any, and which of them
        self.error: BaseException | None = None
        self.ended = False
        self.dead = False
        self.survived_death = False
        self.plans_read: set[str] = set()
        self.ready: Callable[[], bool] = lambda: True
        self.gate = Semaphore(0)
        self._work = work

    @property
    def stalled(self) -> bool:
        return self.weight <= STALLED

    def heed(self, call: str) -> None:
        """Before the call's turn: from here on everything else goes first, if so."""
        if self.stalls_at and self.stalls_at[0] in ("", call):
            self.stalls_at = (self.stalls_at[0], self.stalls_at[1] - 1)
            if self.stalls_at[1] <= 0:
                self.weight, self.stalls_at = STALLED, None

    def live(self, baton: Semaphore) -> None:
        self.gate.acquire()
        try:
            self._work()
        except BaseException as error:  # what an operating system would see of it
            self.error = error
        self.survived_death = self.dead and not isinstance(self.error, Died)
        self.ended = True
        baton.release()

    def meet_fate(self, call: str) -> None:
        """Raises what ends the process at this call, if anything does."""
        if self.dead:
            raise Died(self.name)
        due = [number for number in self.fatal if number <= self.calls]
        for number in due:
            kind = self.fatal[number]
            if kind == "fault" and call not in BUCKET_CALLS:
                continue
            del self.fatal[number]
            if kind == "fault":
                raise ProviderFailure(f"{call} failed.")
            if kind == "term":
                raise SystemExit(143)
            self.dead = True
            raise Died(f"{self.name} at {call}")


class Schedule:
    def __init__(self, random: Random, *, on_step: Callable[[], None]) -> None:
        self.random = random
        self.processes: list[Process] = []
        self._baton = Semaphore(0)
        self._on_step = on_step
        self.current: Process | None = None

    def start(
        self, name: str, work: Callable[[], object], *, weight: float = 1.0, fatal: dict[int, str] | None = None
    ) -> Process:
        process = Process(name, work, weight=weight, fatal=fatal or {})
        self.processes.append(process)
        Thread(target=process.live, args=(self._baton,), daemon=True).start()
        return process

    def run(self) -> None:
        """Until every process has ended."""
        for _ in range(MOST_STEPS):
            alive = [process for process in self.processes if not process.ended]
            if not alive:
                return
            able = [process for process in alive if process.ready()]
            assert able, "all wait"
            [self.current] = self.random.choices(able, [process.weight for process in able])
            self._on_step()
            self.current.gate.release()
            self._baton.acquire()
        raise AssertionError("the storm never ends")

    def turn(self, call: str) -> None:
        """The current process lets others go first, and may end here."""
        process = self._mine()
        process.heed(call)
        self._baton.release()
        process.gate.acquire()
        process.calls += 1
        process.meet_fate(call)

    def wait(self, until: Callable[[], bool]) -> None:
        process = self._mine()
        process.ready = until
        self.turn("wait")
        process.ready = lambda: True

    def _mine(self) -> Process:
        assert self.current is not None
        return self.current
