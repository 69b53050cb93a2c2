"""A transcode that fails: the verdict, the word it leaves in its result row, and that nothing is published."""

from pathlib import Path

import pytest

from sluice.domain.errors import AssetNotFound, InvalidTransition, JobNotFound, ProviderFailure, SluiceError
from sluice.domain.ids import Prefix
from sluice.domain.states import AssetState, JobState
from sluice.domain.tools import DiskFull, ToolLimitExceeded, ToolTask
from sluice.media.verdicts import Corrupt, NoStreams, NotVideo, TooComplex
from sluice.service.failures import fail_transcode
from sluice.service.ports import Replace
from sluice.service.transcode import transcode
from tests.fakes.transcoding import BINARIES
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def test_a_refused_source(bench: Bench) -> None:
    bench.tools.streams = {"streams": [], "format": {}}
    with pytest.raises(NoStreams):
        bench.run()
    result = bench.result()
    assert result.outcome == "failed"
    assert result.error is not None
    assert (result.error.code, result.error.error_class, result.error.retryable) == ("input.no_streams", "input", False)
    assert bench.asset_state() is AssetState.PROCESSING  # failing it is the state machine's last step
    assert bench.job.state is JobState.RUNNING
    assert bench.media.objects == {}


@pytest.mark.parametrize(
    ("program", "exit_code", "stderr", "expected"),
    [
        ("ffmpeg", 183, "Invalid data found", Corrupt),
        ("ffmpeg", -9, "", ProviderFailure),
        ("ffmpeg", 69, "Error submitting packet to decoder: Cannot allocate memory", Corrupt),
        ("ffmpeg", 1, "av_interleaved_write_frame(): No space left on device", DiskFull),
        ("packager", 1, "", ProviderFailure),
        ("ffprobe", -9, "", ProviderFailure),  # a machine out of memory says nothing of the file
        ("ffprobe", -11, "", NotVideo),
    ],
)
def test_programs_that_fail(
    program: str, exit_code: int, stderr: str, expected: type[SluiceError], bench: Bench
) -> None:
    bench.tools.exit_codes[program] = exit_code
    bench.tools.stderr = stderr
    with pytest.raises(expected):
        bench.run()
    assert bench.result().error is not None
    assert bench.asset_state() is AssetState.PROCESSING


def test_a_decoder_that_complains_of_memory_and_carries_on(bench: Bench) -> None:
    bench.tools.stderr = "Error submitting packet to decoder: Cannot allocate memory"
    bench.run()
    assert bench.asset_state() is AssetState.READY


def test_a_probe_that_does_not_end(bench: Bench) -> None:
    def stall(_task: ToolTask) -> None:
        raise ToolLimitExceeded

    bench.tools.on_run = stall
    with pytest.raises(TooComplex):
        bench.run()


def test_a_result_shorter_than_its_source(bench: Bench) -> None:
    bench.tools.segments = 1
    with pytest.raises(Corrupt):
        bench.run()


def test_a_source_that_arrives_cut(bench: Bench) -> None:
    bench.sources.objects[bench.job.source_key] = b"half"
    with pytest.raises(ProviderFailure):
        bench.run()
    assert bench.tools.tasks == []


def test_an_upload_that_fails_publishes_nothing(bench: Bench) -> None:
    bench.media.fail_on = "v240/seg-00002"
    with pytest.raises(ProviderFailure):
        bench.run()
    assert bench.asset_state() is AssetState.PROCESSING
    assert bench.result().error is not None


def test_an_asset_deleted_meanwhile_is_not_published(bench: Bench) -> None:
    def delete(task: ToolTask) -> None:
        asset = bench.world.records.asset(bench.tenant, bench.asset.id)
        assert asset is not None
        if task.argv[0] == BINARIES.packager:
            gone = asset.model_copy(update={"state": AssetState.DELETED, "version": asset.version + 1})
            bench.world.records.commit(Replace(gone))

    bench.tools.on_run = delete
    with pytest.raises(InvalidTransition):
        bench.run()
    assert bench.asset_state() is AssetState.DELETED


def test_unknown_jobs_and_assets(bench: Bench) -> None:
    with pytest.raises(JobNotFound):
        transcode(
            tenant_id=bench.tenant,
            job_id=bench.world.new_id(Prefix.JOB),
            attempt=1,
            capacity="FARGATE",
            deps=bench.deps,
        )
    lost = bench.job.model_copy(update={"asset_id": "ast_none", "version": bench.job.version + 1})
    bench.world.records.commit(Replace(lost))
    with pytest.raises(AssetNotFound):
        bench.run()


def test_a_fault_of_ours_leaves_a_word(bench: Bench) -> None:
    def fault(_task: ToolTask) -> None:
        raise ZeroDivisionError

    bench.tools.on_run = fault
    with pytest.raises(ZeroDivisionError):
        bench.run()
    error = bench.result().error
    assert error is not None
    assert (error.error_class, error.retryable) == ("provider", True)


def test_the_failure_step_finds_what_the_attempt_left(bench: Bench) -> None:
    bench.tools.exit_codes["ffmpeg"] = 1
    with pytest.raises(Corrupt):
        bench.run()
    error = bench.result().error
    assert error is not None
    world = bench.world
    fail_transcode(
        tenant_id=bench.tenant,
        job_id=bench.job_id,
        error=error,
        environment="dev",
        records=world.records,
        new_id=world.new_id,
        now=world.now,
    )
    assert bench.asset_state() is AssetState.FAILED
    assert bench.events()[-1] == "error.processing"
