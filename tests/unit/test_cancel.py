"""POST /v1/jobs/{id}/cancel behind its route, and the transcode that notices it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.domain.errors import ErrorClass, JobEnded, JobNotFound, ProviderFailure
from sluice.domain.ids import Prefix
from sluice.domain.models import Job
from sluice.domain.states import AssetState, JobState
from sluice.domain.tools import ToolTask
from sluice.service import jobs
from sluice.service.attempts import Ending
from sluice.service.ports import Replace, Write
from sluice.service.progress import Superseded
from tests.fakes.transcoding import BINARIES
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def cancel(bench: Bench, job_id: str | None = None) -> Job:
    return jobs.cancel_job(job_id or bench.job_id, caller=bench.world.caller, ports=bench.world.job_ports)


@pytest.mark.parametrize("running", [False, True], ids=["queued", "running"])
def test_job_and_asset_end_in_one_step_and_the_execution_is_stopped(bench: Bench, running: bool) -> None:
    if running:
        bench.begin()
    previous = bench.asset_state()
    job = cancel(bench)
    assert job == bench.job
    assert (job.state, job.finished_at) == (JobState.CANCELLED, bench.world.now())
    assert bench.world.executions.stopped == [bench.job_id]
    asset = bench.asset_now()
    assert (asset.state, asset.error, job.error) == (AssetState.FAILED, jobs.CANCELLED, jobs.CANCELLED)
    assert (jobs.CANCELLED.code, jobs.CANCELLED.error_class) == ("job.cancelled", ErrorClass.INPUT)
    told = json.loads(bench.world.records.events(asset.tenant_id, asset.id)[-1].body)
    assert (told["type"], told["request_id"]) == ("error.processing", bench.world.caller.request_id)
    assert (told["data"]["state"], told["data"]["previous_state"]) == ("failed", previous)
    assert told["data"]["error"]["code"] == "job.cancelled"


def test_an_asset_with_a_version_is_ready_as_before(bench: Bench) -> None:
    bench.run()
    before = bench.asset_now()
    again = bench.world.retry(bench.asset.id)
    assert cancel(bench, again.id).state is JobState.CANCELLED
    after = bench.asset_now()
    assert (after.state, after.playable, after.error) == (AssetState.READY, True, None)
    assert after.active_version == before.active_version
    assert bench.events()[-1] == "asset.updated"


def test_a_cancelled_asset_can_be_transcoded_again(bench: Bench) -> None:
    cancel(bench)
    again = bench.world.retry(bench.asset.id)
    assert bench.run(job_id=again.id) is Ending.PUBLISHED


def test_a_repetition_changes_nothing_and_stops_again(bench: Bench) -> None:
    bench.world.executions.failing = True
    with pytest.raises(ProviderFailure):
        cancel(bench)
    before = dict(bench.world.records.rows)
    bench.world.executions.failing = False
    assert cancel(bench).state is JobState.CANCELLED
    assert bench.world.records.rows == before
    assert bench.world.executions.stopped == [bench.job_id]


def test_what_has_ended_cannot_be_cancelled(bench: Bench) -> None:
    bench.run()
    before = dict(bench.world.records.rows)
    with pytest.raises(JobEnded):
        cancel(bench)
    assert bench.world.records.rows == before
    assert bench.world.executions.stopped == []


def test_a_failed_job_cannot_be_cancelled(bench: Bench) -> None:
    bench.world.fail(bench.job)
    with pytest.raises(JobEnded):
        cancel(bench)


def test_unknown_malformed_and_foreign_jobs_are_not_found(bench: Bench) -> None:
    for job_id in (bench.world.new_id(Prefix.JOB), "job_1", bench.asset.id):
        with pytest.raises(JobNotFound):
            cancel(bench, job_id)
    stranger = replace(bench.world.caller, tenant_id=bench.world.new_id(Prefix.TENANT))
    with pytest.raises(JobNotFound):
        jobs.cancel_job(bench.job_id, caller=stranger, ports=bench.world.job_ports)
    assert bench.job.state is JobState.QUEUED


@pytest.mark.parametrize("state", [AssetState.DELETED, AssetState.PROCESSING], ids=["deleted", "with-a-newer-job"])
def test_an_asset_that_does_not_wait_for_the_job_is_left_alone(bench: Bench, state: AssetState) -> None:
    asset = bench.asset_now()
    newer = bench.job_id if state is AssetState.DELETED else bench.world.new_id(Prefix.JOB)
    changes = {"state": state, "job_id": newer, "version": asset.version + 1}
    bench.world.records.commit(Replace(asset.model_copy(update=changes)))
    before = bench.asset_now()
    assert cancel(bench).state is JobState.CANCELLED
    assert bench.asset_now() == before


# ------------------------------------------------------------------ the task notices


@pytest.mark.parametrize("program", [BINARIES.ffprobe, BINARIES.ffmpeg, BINARIES.packager])
def test_the_transcode_goes_no_further_than_its_next_report(bench: Bench, program: str) -> None:
    def cancel_meanwhile(task: ToolTask) -> None:
        if task.argv[0] == program:
            bench.tools.on_run = lambda _task: None
            cancel(bench)

    bench.tools.on_run = cancel_meanwhile
    with pytest.raises(Superseded):
        bench.run()
    assert bench.tools.tasks[-1].argv[0] in (program, BINARIES.ffprobe)
    assert bench.media.objects == {}
    assert (bench.job.state, bench.asset_state()) == (JobState.CANCELLED, AssetState.FAILED)
    assert list(bench.scratch.iterdir()) == []


def test_it_is_noticed_between_two_reports_of_the_encoder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long encode is one stage: its next report, seconds later, ends it."""
    save, reports = bench.world.records.save_progress, []

    def saved(progress: object) -> None:
        save(progress)  # type: ignore[arg-type]
        reports.append(progress.stage)  # type: ignore[attr-defined]
        bench.world.now.tick(seconds=4)
        if reports.count("encode") == 2:
            cancel(bench)

    monkeypatch.setattr(bench.world.records, "save_progress", saved)
    with pytest.raises(Superseded):
        bench.run()
    assert reports[-1] == "encode" and reports.count("encode") == 2


def test_a_job_cancelled_before_its_task_began_is_left_alone(bench: Bench) -> None:
    cancel(bench)
    assert bench.run() is Ending.NOTHING_TO_DO
    assert bench.tools.tasks == []


def test_a_table_that_cannot_be_read_for_a_moment_ends_no_transcode(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = bench.world.records.job

    def unreadable(tenant_id: str, job_id: str) -> Job | None:
        monkeypatch.setattr(bench.world.records, "job", read)
        raise ConnectionError

    bench.sources.on_download = lambda: monkeypatch.setattr(bench.world.records, "job", unreadable)
    assert bench.run() is Ending.PUBLISHED
    assert "job_not_read" in caplog.messages


# ------------------------------------------------------------------ cancelling and publishing at once


def publishes(writes: tuple[Write, ...]) -> bool:
    return any(isinstance(one, Replace) and getattr(one.record, "state", "") == "succeeded" for one in writes)


def cancels(writes: tuple[Write, ...]) -> bool:
    return any(isinstance(one, Replace) and getattr(one.record, "state", "") == "cancelled" for one in writes)


def before_commit(
    bench: Bench, which: Callable[[tuple[Write, ...]], bool], act: Callable[[], object], patch: pytest.MonkeyPatch
) -> None:
    """`act` once, when the first commit of the kind has been decided on and not been written."""
    commit = bench.world.records.commit

    def committed(*writes: Write) -> None:
        if which(writes):
            patch.setattr(bench.world.records, "commit", commit)
            act()
        commit(*writes)

    patch.setattr(bench.world.records, "commit", committed)


def test_a_cancel_right_before_the_publish_wins(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before_commit(bench, publishes, lambda: cancel(bench), monkeypatch)
    with pytest.raises(Superseded):
        bench.run()
    asset = bench.asset_now()
    assert (bench.job.state, asset.state, asset.active_version) == (JobState.CANCELLED, AssetState.FAILED, None)
    assert "transcode.ready" not in bench.events()


def test_a_publish_right_before_the_cancel_wins(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cancel is decided on while the job runs; the task publishes before it is written."""
    before_commit(bench, cancels, lambda: bench.run(), monkeypatch)
    bench.begin()
    with pytest.raises(JobEnded):
        cancel(bench)
    asset = bench.asset_now()
    assert (bench.job.state, asset.state, asset.error) == (JobState.SUCCEEDED, AssetState.READY, None)
    assert asset.active_version == bench.job.version_id
    assert bench.world.executions.stopped == []
    assert "error.processing" not in bench.events()
