"""Tasks of the embedded engine as processes of this machine: whose they are, what they run, and their end."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from infra.local.engine import Engine
from infra.local.processes import recorded_pid, start_time

NUMBERED = ("--attempt", "--capacity")  # words of a command that differ between attempts at the same work
LOOK_S = 0.02


@dataclass(frozen=True)
class TaskProcess:
    record: Path
    pid: int  # also the id of its process group
    started: str
    words: tuple[str, ...]  # of its command

    @property
    def attempt(self) -> int:
        return int(self.words[self.words.index("--attempt") + 1])

    @property
    def work(self) -> tuple[str, ...]:
        """The same for every attempt at it."""
        return tuple(
            word
            for before, word in zip(("", *self.words), self.words, strict=False)
            if word not in NUMBERED and before not in NUMBERED
        )

    @property
    def alive(self) -> bool:
        return start_time(self.pid) == self.started

    def programs(self) -> list[int]:
        """Pids of ffmpeg, ffprobe or Packager that it runs at the moment."""
        return listed("-P", str(self.pid))

    def kill(self) -> None:
        """As a lost host would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """As Spot does: the signal reaches the first process, not its programs."""
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)


def tasks_of(engine: Engine, job_id: str) -> list[TaskProcess]:
    """Those that run."""
    found = []
    for record in (engine.folder / "tasks").glob("*.json"):
        pid = recorded_pid(record)
        words = command(pid, record.name) if pid is not None else ()
        if pid is not None and job_id in words and (started := start_time(pid)):
            found.append(TaskProcess(record, pid, started, words))
    return found


@lru_cache(maxsize=4096)
def command(pid: int, _task: str) -> tuple[str, ...]:
    """Of one task, so that a number that is used again is asked for again."""
    answer = subprocess.run(["ps", "-wwo", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    _, _, words = answer.stdout.partition("functions.transcoder.main")
    return tuple(words.split())


def fast_lane_programs(engine: Engine) -> list[int]:
    """Pids of programs of the layer `media`, in functions of this engine."""
    return listed("-f", f"{re.escape(str(engine.folder))}/.*/bin/(ffprobe|ffmpeg|packager)")


def listed(*options: str) -> list[int]:
    answer = subprocess.run(["pgrep", *options], capture_output=True, text=True, check=False)
    return [int(pid) for pid in answer.stdout.split()]


def end_program(pid: int) -> bool:
    """As a machine does that is out of memory."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False
