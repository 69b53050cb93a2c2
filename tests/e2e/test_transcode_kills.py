"""kill -9 and SIGTERM at random moments, of tasks and their programs: the asset ends ready, with one whole version."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.e2e.customer import new_customer
from tests.e2e.killed_job import KilledJob
from tests.e2e.published_media import Published
from tests.e2e.stacks import Stacks
from tests.e2e.task_processes import end_program, fast_lane_programs, tasks_of
from tests.e2e.waiting import eventually
from tests.media.clips import Clip, make

pytestmark = pytest.mark.e2e

SEEDS = range(min(100, int(os.environ.get("FAULT_SEEDS", "5"))))  # `make faults` kills a hundred jobs
AT_ONCE = 5
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
CAPPED = ("-maxrate", "600k", "-bufsize", "600k")  # below the cap of its rung, so that it is published as a copy
SOURCES = {
    "standard in parts": Clip(size="640x360", rate="10", seconds=41, video=(*X264, "-g", "20", *CAPPED)),
    "standard": Clip(size="640x360", seconds=2, video=(*X264, "-g", "25", *CAPPED)),
    "other codec": Clip(size="320x240", seconds=2, video=("-c:v", "mpeg4")),
    "standard and silent": Clip(size="426x240", seconds=1, sound=False, video=(*X264, "-g", "25", *CAPPED)),
    "sound": Clip(picture=False, seconds=2),
    "in parts": Clip(size="160x90", rate="10", seconds=41, video=(*X264, "-g", "20")),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [make(clip, tmp_path_factory.mktemp("killed")) for clip in SOURCES.values()]


def test_a_killed_job_ends_ready_with_one_whole_version(
    stacks: Stacks, sources: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert stacks.records.job("nobody", "nothing") is None  # made once, before the threads share it
    began, seen, wrong = time.monotonic(), Counter[str](), []
    with early_deaths(stacks, seen), ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(killed, stacks, sources[seed % len(sources)], seed) for seed in SEEDS]
        for job in jobs:
            counted, found = job.result()
            seen.update(counted)
            wrong += found
    with capsys.disabled():
        figures = ", ".join(f"{name} {count}" for name, count in sorted(seen.items()))
        print(f"\nkilled transcodes: {figures}, {time.monotonic() - began:.0f} s", end=" ")
    assert wrong == []
    assert seen["ready"] == len(SEEDS)
    assert sum(seen[name] for name in seen if " by " in name) >= len(SEEDS) / 4  # it would show nothing otherwise


def killed(stacks: Stacks, source: Path, seed: int) -> tuple[Counter[str], list[str]]:
    """One job, to its end. Returns what was seen, and what was wrong."""
    with new_customer(stacks, f"Killed {seed}") as customer:
        one = KilledJob(stacks, customer, seed, source)
        asset, job = one.run()
        arn = stacks.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
        end = eventually(lambda: stacks.end_of(f"{arn}:{job.id}"), f"the end of {job.id}")
        eventually(lambda: not tasks_of(stacks.engine, job.id), f"the end of all tasks of {job.id}")
        published = Published(stacks, asset, job)
        wrong = [f"seed {seed}: {what}" for what in (*one.wrong, *published.wrongs())]
    seen = one.seen + Counter([str(asset.state), f"published by attempt {job.attempt}", f"execution {end}"])
    seen["early versions"] += len(published.early)
    return seen, wrong


@contextmanager
def early_deaths(stacks: Stacks, seen: Counter[str]) -> Iterator[None]:
    """Programs of the fast lane die meanwhile: it gives up, and the task does all."""
    random, over = Random(len(SEEDS)), threading.Event()

    def strike() -> None:
        while not over.wait(0.1):
            for pid in fast_lane_programs(stacks.engine):
                if random.random() < 0.3 and end_program(pid):
                    seen["program of the fast lane"] += 1

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
