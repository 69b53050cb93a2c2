"""A run of Packager that hangs is ended soon and done again; one that hangs twice is a fault of ours."""

from pathlib import Path

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.tools import Binaries, Progress, ToolLimitExceeded, ToolOutput, ToolTask
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import Plan
from sluice.service.packaging import DEADLINE_S, package
from tests.unit.media.sources import planned

BINARIES = Binaries("ffmpeg", "ffprobe", "packager", "copier")


class Packager:
    """Hangs in its first runs, then ends with this code."""

    def __init__(self, hangs: int, exit_code: int = 0) -> None:
        self.hangs, self.exit_code = hangs, exit_code
        self.deadlines: list[float] = []

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        self.deadlines.append(task.limits.deadline_s)
        if len(self.deadlines) <= self.hangs:
            raise ToolLimitExceeded
        return ToolOutput(self.exit_code, "", "", 0.0, 0, "seccomp")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    plan = planned()
    for name in plan.names:
        (tmp_path / intermediate(name)).write_bytes(b"moof")
    return plan


def left(folder: Path) -> int:
    return len(list(folder.iterdir()))


def test_a_run_that_hangs_is_done_again(plan: Plan, tmp_path: Path) -> None:
    tools = Packager(hangs=1)
    package(tmp_path, plan, tools=tools, binaries=BINARIES)
    first, second = tools.deadlines
    assert first < 60 < second == DEADLINE_S
    assert left(tmp_path) == 0


def test_two_that_hang_are_given_up(plan: Plan, tmp_path: Path) -> None:
    tools = Packager(hangs=2)
    with pytest.raises(ToolLimitExceeded):
        package(tmp_path, plan, tools=tools, binaries=BINARIES)
    assert len(tools.deadlines) == 2
    assert left(tmp_path) == len(plan.names)


def test_one_that_fails_is_not_done_again(plan: Plan, tmp_path: Path) -> None:
    tools = Packager(hangs=0, exit_code=1)
    with pytest.raises(ProviderFailure):
        package(tmp_path, plan, tools=tools, binaries=BINARIES)
    assert len(tools.deadlines) == 1


def test_a_film_gets_time_by_its_size(plan: Plan, tmp_path: Path) -> None:
    with (tmp_path / intermediate(plan.names[0])).open("wb") as file:
        file.truncate(4 << 30)  # sparse
    tools = Packager(hangs=0)
    package(tmp_path, plan, tools=tools, binaries=BINARIES)
    assert tools.deadlines[0] > 1000
