"""One job whose tasks are killed or stopped at moments of a seed, as long as an attempt is left for it to end well."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sluice.domain.models import Asset, Job
from sluice.domain.states import JOB_EDGES
from tests.e2e.customer import Customer, Slot
from tests.e2e.stacks import Stacks
from tests.e2e.task_processes import LOOK_S, TaskProcess, end_program, tasks_of

MAX_ATTEMPTS = 3
LIFE_S = 3.0  # of a task, about
PROGRAMS = 6  # that a task runs, about; some end unseen
DEADLINE_S = 600.0  # of one job beside others, on a shared machine


@dataclass(frozen=True)
class Blow:
    way: str  # kill: -9 to all its processes; term: SIGTERM; program: -9 to the program that it runs
    moment: str  # time: after a while; program: at the start of one of its programs; upload: when it stores the result
    program: int
    delay_s: float

    @staticmethod
    def drawn(random: Random) -> "Blow":
        moment = random.choice(("time", "program", "program", "upload"))
        delay_s = random.uniform(0, LIFE_S if moment == "time" else 0.3)
        return Blow(random.choice(("kill", "kill", "term", "program")), moment, random.randint(1, PROGRAMS), delay_s)

    @property
    def free(self) -> bool:
        """It surely finds a task that says that it was interrupted, and consumes no attempt."""
        return self.way == "term" and self.moment != "time"


class KilledJob:
    def __init__(self, stacks: Stacks, customer: Customer, seed: int, source: Path) -> None:
        self._stacks, self._customer, self._source = stacks, customer, source
        random = Random(seed)
        self._blows = [Blow.drawn(random) for _ in range(random.randint(1, 5))]
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._expected: dict[tuple[str, ...], tuple[int, ...]] = {}  # work -> attempts that may follow
        self._interrupted: set[tuple[str, ...]] = set()
        self._known: set[Path] = set()

    def run(self) -> tuple[Asset, Job]:
        slot = self._customer.upload(self._source)
        job_id = self._customer.job_id(slot)
        deadline = time.monotonic() + DEADLINE_S
        while not self._ended(job_id):
            assert time.monotonic() < deadline, f"{job_id}: not within {DEADLINE_S:.0f} s"
            fresh = [task for task in tasks_of(self._stacks.engine, job_id) if task.record not in self._known]
            if not fresh:
                time.sleep(10 * LOOK_S)
            for task in fresh:
                self._known.add(task.record)
                self._meet(task, job_id)
        return self._rows(slot, job_id)

    def _meet(self, task: TaskProcess, job_id: str) -> None:
        self.seen["tasks"] += 1
        if task.attempt not in self._expected.pop(task.work, (task.attempt,)):
            self.wrong.append(f"attempt {task.attempt} of {task.work[0]}")
        last = task.attempt == MAX_ATTEMPTS
        blow = next((one for one in self._blows if one.free or not last), None)
        if blow is None:
            return
        self._blows.remove(blow)
        if not (self._moment(task, blow, job_id) and self._strike(task, blow)):
            self.seen["came too late"] += 1
            return
        self.seen[f"{blow.way} by {blow.moment}"] += 1
        if blow.way == "term":
            self._interrupted.add(task.work)
        if blow.free:
            self._expected[task.work] = (task.attempt,)
        elif blow.way == "kill":  # one that had not begun yet may be taken for the interrupted one before it
            excused = (task.attempt,) if task.work in self._interrupted else ()
            self._expected[task.work] = (task.attempt + 1, *excused)

    def _moment(self, task: TaskProcess, blow: Blow, job_id: str) -> bool:
        """Waits for it; False if the task has ended before."""
        programs: set[int] = set()
        began = datetime.now(UTC)

        def come() -> bool:
            if blow.moment == "program":
                programs.update(task.programs())
                return len(programs) >= blow.program
            if blow.moment == "upload":
                progress = self._stacks.records.job_progress(self._customer.tenant_id, job_id)
                return progress is not None and progress.stage == "upload" and progress.updated_at > began
            return True

        if not _during(task, come):
            return False
        after = time.monotonic() + blow.delay_s
        return _during(task, lambda: time.monotonic() >= after)

    def _strike(self, task: TaskProcess, blow: Blow) -> bool:
        if blow.way == "program":
            return _during(task, lambda: any(map(end_program, task.programs()[:1])))
        (task.kill if blow.way == "kill" else task.terminate)()
        deadline = time.monotonic() + DEADLINE_S
        while task.alive and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return not task.alive

    def _ended(self, job_id: str) -> bool:
        job = self._stacks.records.job(self._customer.tenant_id, job_id)
        return job is not None and not JOB_EDGES[job.state]

    def _rows(self, slot: Slot, job_id: str) -> tuple[Asset, Job]:
        asset = self._stacks.records.asset(self._customer.tenant_id, slot["asset_id"])
        job = self._stacks.records.job(self._customer.tenant_id, job_id)
        assert asset is not None and job is not None
        return asset, job


def _during(task: TaskProcess, look: Callable[[], bool]) -> bool:
    """Until `look` says yes; False if the task ends before."""
    while task.alive:
        if look():
            return True
        time.sleep(LOOK_S)
    return False
