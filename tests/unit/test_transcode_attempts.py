"""Attempts at one job, one after the other or at once: exactly one publishes. And the command line that runs one."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.transcoder.main import FAILED, REFUSED, TERMINATED, main
from sluice import bootstrap
from sluice.domain.errors import ProviderFailure
from sluice.domain.states import JobState
from sluice.domain.tools import ToolTask
from sluice.service.attempts import Ending
from sluice.service.ports import Replace
from sluice.service.progress import Superseded
from tests.fakes.transcoding import BINARIES
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def test_the_next_attempt_publishes_under_its_own_version(bench: Bench) -> None:
    bench.media.fail_on = "playlists/"
    with pytest.raises(ProviderFailure):
        bench.run(1)
    bench.media.fail_on = None
    first = set(bench.media.objects)
    assert bench.run(2) is Ending.PUBLISHED
    assert bench.job.attempt == 2
    assert all(f"/{bench.job.version_id}/" not in key for key in first)
    assert bench.events().count("transcode.started") == 1


def test_a_late_attempt_cannot_publish(bench: Bench) -> None:
    """Attempt 1 hangs in its upload while attempt 2 begins."""

    def overtake(task: ToolTask) -> None:
        if task.argv[0] == BINARIES.packager:
            bench.tools.on_run = lambda _task: None
            assert bench.run(2) is Ending.PUBLISHED

    bench.tools.on_run = overtake
    with pytest.raises(Superseded):
        bench.run(1)
    assert bench.job.attempt == 2
    assert bench.events().count("transcode.ready") == 1
    assert bench.job.version_id == bench.result(2).version_id


def test_the_same_attempt_started_twice_publishes_once(bench: Bench) -> None:
    """An interrupted attempt keeps its number, so the number alone fences nothing."""

    def overtake(task: ToolTask) -> None:
        if task.argv[0] == BINARIES.ffmpeg:
            bench.tools.on_run = lambda _task: None
            assert bench.run(1) is Ending.PUBLISHED

    bench.tools.on_run = overtake
    with pytest.raises(Superseded):
        bench.run(1)
    assert bench.events().count("transcode.ready") == 1
    assert bench.result().outcome == "succeeded"


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_finished_job_is_left_alone(attempt: int, bench: Bench) -> None:
    bench.run(1)
    before = dict(bench.media.objects)
    assert bench.run(attempt) is Ending.NOTHING_TO_DO
    assert bench.media.objects == before


def test_an_attempt_behind_a_newer_one_is_left_alone(bench: Bench) -> None:
    bench.sources.on_download = lambda: None
    running = bench.job.model_copy(update={"state": JobState.RUNNING, "attempt": 2, "version": bench.job.version + 1})
    bench.world.records.commit(Replace(running))
    assert bench.run(1) is Ending.NOTHING_TO_DO
    assert bench.job == running


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def wired(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(bootstrap, "transcoder", lambda _settings: bench.deps)
        for name in ("environment", "table_name", "uploads_bucket", "media_bucket"):
            monkeypatch.setenv(f"SLUICE_{name.upper()}", "dev")
        before = signal.getsignal(signal.SIGTERM)
        yield
        signal.signal(signal.SIGTERM, before)

    def run(self, bench: Bench, attempt: str = "1") -> int:
        return main(
            [
                "transcode",
                "--tenant",
                bench.tenant,
                "--job",
                bench.job_id,
                "--attempt",
                attempt,
                "--capacity",
                "FARGATE",
            ]
        )

    def test_success(self, bench: Bench) -> None:
        assert self.run(bench) == 0
        assert self.run(bench) == 0

    def test_refused(self, bench: Bench) -> None:
        bench.tools.exit_codes["ffmpeg"] = 1
        assert self.run(bench) == REFUSED

    def test_failed(self, bench: Bench) -> None:
        bench.sources.objects.clear()
        assert self.run(bench) == FAILED

    def test_wrong_arguments(self, bench: Bench) -> None:
        with pytest.raises(SystemExit) as ended:
            self.run(bench, attempt="one")
        assert ended.value.code == 2

    def test_sigterm_is_an_interruption(self, bench: Bench) -> None:
        bench.sources.on_download = lambda: signal.raise_signal(signal.SIGTERM)
        with pytest.raises(SystemExit) as ended:
            self.run(bench)
        assert ended.value.code == TERMINATED == 143
        assert bench.result().outcome == "interrupted"
        assert list(bench.scratch.iterdir()) == []

    def test_the_interrupted_attempt_starts_again(self, bench: Bench) -> None:
        bench.sources.on_download = lambda: signal.raise_signal(signal.SIGTERM)
        with pytest.raises(SystemExit):
            self.run(bench)
        # should the second run die without a word, the first one's word must not make it look interrupted
        bench.sources.on_download = lambda: check_that(bench.result().outcome == "failed")
        assert self.run(bench) == 0
        assert bench.result().outcome == "succeeded"


def check_that(condition: bool) -> None:
    assert condition
