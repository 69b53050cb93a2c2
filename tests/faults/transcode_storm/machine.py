"""The state machine `transcode` as a model: the attempt loop, a Map over parts, the fast lane beside.

Tasks die of what their seed holds. What Step Functions would tell of each end is what `classify_failure` gets.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sluice.domain.chunks import ASSEMBLE_UNIT, LEFT_UNIT, part_unit
from sluice.domain.errors import SluiceError
from sluice.service import assembling, chunk_parts, early_publish, transcode
from sluice.service.failures import SPOT, Failure, classify_failure, fail_transcode
from sluice.service.part_rounds import Before, Round, RoundLimits, next_round
from tests.fakes.faults import Died
from tests.faults.transcode_storm.schedule import Process
from tests.faults.transcode_storm.world import JobWorld

MAX_ATTEMPTS = 3
WAITS = {"fault_wait_s": 10, "capacity_wait_s": 60}
T = TypeVar("T")
CALLS = {"transcode": 67, "assemble": 52, "left": 32}  # of ports, that a task makes; 17 for a part
WEIGHTS = (1.0, 1.0, 0.3, 0.01)  # the last one comes when nearly everything else is over


class Trouble(NamedTuple):
    """What one seed holds."""

    stray: bool  # one task goes on unseen, beside the one that the machine knows
    faults: int  # of each loop, at most: with them, an attempt is left
    scarce: float  # share of starts of parts that find no capacity


class JobFailed(Exception):
    pass


class Machine:
    def __init__(self, world: JobWorld, trouble: Trouble) -> None:
        self._world, self._trouble = world, trouble
        self._random, self._schedule = world.random, world.schedule
        self._stray_left = trouble.stray
        self._faults: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self._names = {"tenant_id": world.job.tenant_id, "job_id": world.job.id}
        self._started_at = world.world.now()

    def execute(self) -> None:
        lanes = [
            self._start("early", self._early, fatal=self._deaths(0.4, 25)) for _ in range(self._random.choice((1, 2)))
        ]
        try:
            self._attempts()
        except JobFailed:
            self.seen["failed"] += 1
        finally:
            self._schedule.wait(lambda: all(lane.ended for lane in lanes))
            self._world.world.executions.ended.add(self._world.job.id)

    def count_ends(self) -> None:
        self.seen.update(type(process.error).__name__ for process in self._schedule.processes if process.error)
        self.seen["processes"] += len(self._schedule.processes)

    def _early(self) -> None:
        self.seen[f"early {early_publish.publish_early(**self._names, deps=self._world.early_deps)}"] += 1

    def _attempts(self) -> None:
        attempt = self._loop("transcode", transcode.transcode, "")
        found = self._find(attempt, None)
        if found.action != "over":
            self.seen["chunked"] += 1
        while found.action in ("parts", "left"):
            self.seen[found.action] += 1
            if found.action == "left":
                work = partial(chunk_parts.encode_left, plan_id=found.plan_id)
                self._loop("left", work, part_unit(found.plan_id, LEFT_UNIT))
            else:
                self._round(found)
            found = self._find(attempt, found.before)
        if found.action == "assemble":
            joined = partial(assembling.assemble, plan_id=found.plan_id)
            self._loop("assemble", joined, part_unit(found.plan_id, ASSEMBLE_UNIT))

    def _round(self, found: Round) -> None:
        """As wide as said, each lane taking the next part when it has finished one."""
        names = iter([task.part for task in found.tasks])
        lanes = [self._start(f"lane {lane}", partial(self._lane, found.plan_id, names)) for lane in range(found.width)]
        self._schedule.wait(lambda: all(lane.ended for lane in lanes))
        if any(lane.error for lane in lanes):
            raise JobFailed

    def _lane(self, plan_id: str, names: Iterator[str]) -> None:
        for name in names:
            self._part(plan_id, name)

    def _find(self, attempt: int, before: Before | None) -> Round:
        asked = partial(next_round, **self._names, attempt=attempt, before=before, started_at=self._started_at)
        limits = RoundLimits(self._world.world.limits, at_once=2, in_turn=1)
        return self._function(lambda: asked(records=self._world.records, limits=limits, now=self._world.world.now()))

    def _part(self, plan_id: str, name: str) -> None:
        work = partial(chunk_parts.encode_part, plan_id=plan_id, part=name)
        self._loop(f"chunk {name}", work, part_unit(plan_id, name), scarce=self._trouble.scarce)

    def _loop(self, name: str, work: Callable[..., object], unit: str, *, scarce: float = 0.0) -> int:
        """Returns the attempt that ended well. Raises JobFailed."""
        attempt, capacity, denied = 1, SPOT, 0
        while True:
            given = {**self._names, "attempt": attempt, "deps": self._world.deps}
            if name == "transcode":
                given["capacity"] = capacity
            if self._random.random() < scarce:
                cause: str | None = _cause("TaskFailedToStart", StoppedReason="RESOURCE:CPU")
            else:
                cause = self._task(name, partial(work, **given))
            if cause is None:
                return attempt
            failure = Failure(
                **self._names,
                attempt=attempt,
                capacity=capacity,
                error="States.TaskFailed",
                cause=cause,
                started_at=self._started_at,
                unit=unit,
                denied=denied,
            )
            classified = partial(
                classify_failure,
                failure,
                records=self._world.records,
                now=self._world.world.now,
                max_attempts=MAX_ATTEMPTS,
                **WAITS,
            )
            verdict = self._function(classified)
            self.seen[f"verdict {verdict.action}"] += 1
            if verdict.action in ("done", "leave"):
                return attempt
            if verdict.action == "fail":
                self._function(partial(self._fail, verdict.error))
                raise JobFailed(name)
            self._world.world.now.tick(seconds=verdict.wait_s)
            attempt, capacity, denied = verdict.attempt, verdict.capacity, verdict.denied

    def _fail(self, error: Any) -> None:
        world = self._world.world
        fail_transcode(
            **self._names,
            error=error,
            environment="dev",
            records=self._world.records,
            new_id=world.new_id,
            now=world.now,
        )

    def _task(self, name: str, work: Callable[[], object]) -> str | None:
        """None: it ended with 0. Otherwise what is told of the task."""
        fatal = self._fatal(name)
        process = self._start(name, work, fatal=dict(fatal), weight=self._random.choice(WEIGHTS[:3]))
        if self._stray_left and self._random.random() < 0.5:
            self._stray_left = False
            kind = self._random.choice(("twin", "lost", "lost for free"))
            self.seen[f"stray {kind}"] += 1
            if kind == "twin":  # a start whose answer was lost, started once more
                stray = self._start(f"{name} twin", work, weight=self._random.choice(WEIGHTS))
                stray.stalls_at = self._somewhere()
            else:
                process.fatal.clear()
                process.stalls_at = self._somewhere()
                self._schedule.wait(lambda: process.ended or process.stalled)
                if not process.ended:
                    return _cause("SpotInterruption" if "free" in kind else "", containers=[{"LastStatus": "STOPPED"}])
        self._schedule.wait(lambda: process.ended)
        return self._told(process, spot="term" in fatal.values() and self._random.random() < 0.5)

    def _somewhere(self) -> tuple[str, int]:
        """The last write of a task is worth more than the others."""
        return self._random.choice((("", self._random.randrange(1, 60)), ("commit", 1), ("commit", 2), ("commit", 2)))

    def _fatal(self, name: str) -> dict[int, str]:
        """Deaths of one task, within what its loop can take."""
        kind = self._random.choice(("", "", "kill", "term", "fault", "term kill"))
        if kind in ("kill", "fault", "term kill"):
            if self._faults[name] >= self._trouble.faults:
                return {}
            self._faults[name] += 1
        first = self._random.randrange(CALLS.get(name, 17))
        return {first + 2 * place: one for place, one in enumerate(kind.split())}

    def _told(self, process: Process, *, spot: bool) -> str | None:
        error = process.error
        if error is None:
            return None
        assert isinstance(error, Died | SystemExit | SluiceError), repr(error)
        code = 137 if isinstance(error, Died) else 143 if isinstance(error, SystemExit) else 20
        return _cause("SpotInterruption" if spot else "EssentialContainerExited", containers=[{"ExitCode": code}])

    def _function(self, call: Callable[[], T]) -> T:
        """A Lambda function, which may die, and is called again."""
        answers: list[T] = []
        while not answers:
            self._schedule.wait(
                partial(_ended, self._start("function", lambda: answers.append(call()), fatal=self._deaths(0.1, 4)))
            )
        return answers[0]

    def _deaths(self, share: float, calls: int) -> dict[int, str]:
        return {self._random.randrange(calls): "kill"} if self._random.random() < share else {}

    def _start(
        self, name: str, work: Callable[[], object], *, fatal: dict[int, str] | None = None, weight: float | None = None
    ) -> Process:
        number = len(self._schedule.processes)
        chosen = self._random.choice(WEIGHTS) if weight is None and name == "early" else weight or 1.0

        def lived() -> None:
            work()
            self._schedule.turn("exit")  # it may die with everything done

        return self._schedule.start(f"{name} {number}", lived, fatal=fatal, weight=chosen)


def _ended(process: Process) -> bool:
    return process.ended


def _cause(stop_code: str, *, containers: list[dict[str, object]] | None = None, **more: object) -> str:
    return json.dumps({"StopCode": stop_code, "Containers": containers or [], **more})
