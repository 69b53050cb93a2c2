"""A long job in parts: planned once, each part finished once, joined and published once."""

from dataclasses import replace
from pathlib import Path

import pytest

from sluice.domain.chunks import ChunkPlan, part_unit
from sluice.domain.errors import ProviderFailure
from sluice.domain.models import JobProgress, JobResult
from sluice.domain.states import AssetState, JobState
from sluice.domain.tools import ToolTask
from sluice.media.verdicts import Corrupt
from sluice.service.assembling import assemble
from sluice.service.attempts import Ending, forget_old_word
from sluice.service.chunk_parts import encode_left
from sluice.service.part_rounds import unfinished
from sluice.service.progress import Superseded
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


@pytest.fixture
def plan(bench: Bench) -> ChunkPlan:
    return bench.in_chunks()


def join(bench: Bench, plan: ChunkPlan, attempt: int = 1) -> Ending:
    named = {"tenant_id": bench.tenant, "job_id": bench.job_id, "plan_id": plan.id}
    return assemble(**named, attempt=attempt, deps=bench.deps)


def word(bench: Bench, plan: ChunkPlan, part: str, attempt: int = 1) -> JobResult:
    found = bench.world.records.job_result(bench.tenant, bench.job_id, attempt, part_unit(plan.id, part))
    assert found is not None
    return found


def progress(bench: Bench) -> JobProgress | None:
    return bench.world.records.job_progress(bench.tenant, bench.job_id)


def encoded(bench: Bench) -> int:
    return sum(any(word.endswith(".mp4") for word in task.argv) for task in bench.tools.tasks)


def test_the_first_task_cuts_the_source_and_encodes_nothing(bench: Bench, plan: ChunkPlan) -> None:
    assert plan.parts == ("audio", "0", "1")
    assert sorted(bench.work.objects) == [plan.piece_key(0), plan.piece_key(1)]
    assert all(key.startswith(f"work/{bench.tenant}/{bench.job_id}/{plan.id}/") for key in bench.work.objects)
    assert plan.piece_bytes == max(map(len, bench.work.objects.values())) > 0  # what a chunk's task has disk for
    assert encoded(bench) == 0
    assert (bench.job.state, bench.asset_state()) == (JobState.RUNNING, AssetState.PROCESSING)
    assert list(bench.scratch.iterdir()) == []


def test_a_doubled_start_of_the_first_task_leaves_its_plan_alone(bench: Bench, plan: ChunkPlan) -> None:
    before = bench.job
    assert bench.run() is Ending.NOTHING_TO_DO
    assert (bench.job, bench.result().plan_id) == (before, plan.id)


def test_a_word_that_comes_while_a_double_begins_stays(bench: Bench, plan: ChunkPlan) -> None:
    forget_old_word(bench.deps, bench.tenant, bench.job_id, 1)
    assert (bench.result().outcome, bench.result().plan_id) == ("chunked", plan.id)


def test_parts_are_joined_and_published(bench: Bench, plan: ChunkPlan) -> None:
    for part in plan.parts:
        assert bench.encode_part(plan, part) is Ending.FINISHED
    results = sum(len(body) for key, body in bench.work.objects.items() if "/parts/" in key)
    done = bench.world.records.chunk_parts(bench.tenant, bench.job_id, plan.id)
    assert sum(part.size_bytes for part in done) == results > 0  # what the last task has disk for
    assert join(bench, plan) is Ending.PUBLISHED
    asset = bench.asset_now()
    assert (asset.state, asset.duration_s) == (AssetState.READY, 12.0)
    version = bench.world.records.asset_version(bench.tenant, asset.id, asset.active_version or "")
    assert version is not None
    assert [rendition.name for rendition in version.renditions] == ["v360", "v240", "audio"]
    assert (version.frames, version.has_poster) == (600, True)
    assert bench.events()[-2:] == ["transcode.started", "transcode.ready"]
    assert word(bench, plan, "assemble").version_id == version.id


def test_progress_counts_parts(bench: Bench, plan: ChunkPlan) -> None:
    told = []
    for part in plan.parts:
        bench.encode_part(plan, part)
        told.append(progress(bench))
    assert [one and (one.stage, one.chunks) for one in told] == [("encode", (n, 3)) for n in (1, 2, 3)]
    assert [one and one.percent for one in told] == [34.7, 59.3, 84.0]


def test_a_finished_part_is_not_done_again_and_a_late_run_changes_nothing(bench: Bench, plan: ChunkPlan) -> None:
    bench.encode_part(plan, "1")
    runs = encoded(bench)
    assert bench.encode_part(plan, "1", attempt=2) is Ending.FINISHED
    assert encoded(bench) == runs

    def somebody_is_faster(_task: ToolTask) -> None:
        bench.tools.on_run = lambda _task: None
        bench.encode_part(plan, "0", attempt=2)

    bench.tools.on_run = somebody_is_faster
    assert bench.encode_part(plan, "0", attempt=1) is Ending.FINISHED
    [first] = [one for one in bench.world.records.chunk_parts(bench.tenant, bench.job_id, plan.id) if one.name == "0"]
    keys = [key for key in bench.work.objects if "/parts/0/" in key and key.endswith("v360.mp4")]
    assert len(keys) == 2  # each run has files of its own
    assert plan.result_key("0", first.run_id, "v360") == keys[0]


def test_an_interrupted_part_says_so_and_finished_ones_stay(bench: Bench, plan: ChunkPlan) -> None:
    bench.encode_part(plan, "0")

    def terminate(_task: ToolTask) -> None:
        raise SystemExit(143)

    bench.tools.on_run = terminate
    with pytest.raises(SystemExit):
        bench.encode_part(plan, "1")
    assert word(bench, plan, "1").outcome == "interrupted"
    assert unfinished(plan, bench.deps.records) == ["audio", "1"]
    bench.tools.on_run = lambda _task: None
    assert encode_left(
        tenant_id=bench.tenant, job_id=bench.job_id, plan_id=plan.id, attempt=1, deps=bench.deps
    ) is Ending.FINISHED  # fmt: skip
    assert unfinished(plan, bench.deps.records) == []


def test_a_part_that_is_stopped_at_its_last_word_was_interrupted(bench: Bench, plan: ChunkPlan) -> None:
    save = bench.world.records.save_result

    def stopped(result: JobResult) -> None:
        bench.world.records.save_result = save  # type: ignore[method-assign]
        raise SystemExit(143)

    bench.world.records.save_result = stopped  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        bench.encode_part(plan, "0")
    assert word(bench, plan, "0").outcome == "interrupted"


def test_an_old_interruption_does_not_excuse_a_run_that_dies_without_a_word(bench: Bench, plan: ChunkPlan) -> None:
    for code in (143, 9):

        def die(_task: ToolTask, code: int = code) -> None:
            if code == 9:
                assert word(bench, plan, "1").outcome == "failed"
            raise SystemExit(code)

        bench.tools.on_run = die
        with pytest.raises(SystemExit):
            bench.encode_part(plan, "1")


def test_a_part_that_cannot_be_decoded_is_the_source_s_fault(bench: Bench, plan: ChunkPlan) -> None:
    bench.tools.exit_codes["ffmpeg"] = 1
    with pytest.raises(Corrupt):
        bench.encode_part(plan, "1")
    error = word(bench, plan, "1").error
    assert error is not None and not error.retryable


def test_a_cancelled_job_stops_its_parts(bench: Bench, plan: ChunkPlan) -> None:
    def cancel(_task: ToolTask) -> None:
        key = next(key for key, row in bench.world.records.rows.items() if row == bench.job)
        bench.world.records.rows[key] = bench.job.model_copy(update={"state": JobState.CANCELLED})

    bench.tools.on_run = cancel
    with pytest.raises(Superseded):
        bench.encode_part(plan, "1")
    assert not any("/parts/" in key for key in bench.work.objects)
    assert bench.encode_part(plan, "0") is Ending.NOTHING_TO_DO
    assert join(bench, plan) is Ending.NOTHING_TO_DO


def test_a_new_plan_takes_nothing_of_the_old_one(bench: Bench, plan: ChunkPlan) -> None:
    for part in plan.parts:
        bench.encode_part(plan, part)
    assert bench.run(attempt=2) is Ending.CHUNKED
    newer = bench.result(2).plan_id
    assert newer not in (None, plan.id)
    assert join(bench, plan) is Ending.NOTHING_TO_DO
    other = bench.world.records.chunk_plan(bench.tenant, bench.job_id, newer or "")
    assert other is not None and unfinished(other, bench.deps.records) == ["audio", "0", "1"]
    with pytest.raises(ProviderFailure, match="3 parts"):
        join(bench, other)


def test_two_assembling_tasks_publish_one_version(bench: Bench, plan: ChunkPlan) -> None:
    for part in plan.parts:
        bench.encode_part(plan, part)

    def somebody_is_faster(task: ToolTask) -> None:
        if "packager" in task.argv[0]:
            bench.tools.on_run = lambda _task: None
            assert join(bench, plan, attempt=2) is Ending.PUBLISHED

    bench.tools.on_run = somebody_is_faster
    with pytest.raises(Superseded):
        join(bench, plan, attempt=1)
    assert word(bench, plan, "assemble", 2).version_id == bench.asset_now().active_version


def test_a_silent_sound_track_is_left_out(bench: Bench, plan: ChunkPlan) -> None:
    bench.encode_part(plan, "0")
    bench.encode_part(plan, "1")
    bench.tools.exit_codes["ffmpeg"] = 1
    run = bench.tools.run

    def nothing_written(task: ToolTask, **options: object) -> object:
        ended = run(task, **options)  # type: ignore[arg-type]
        (task.cwd / "audio.mp4").write_bytes(b"")
        return ended

    bench.tools.run = nothing_written  # type: ignore[method-assign,assignment]
    assert bench.encode_part(plan, "audio") is Ending.FINISHED
    bench.tools.run, bench.tools.exit_codes = run, {}  # type: ignore[method-assign]
    assert join(bench, plan) is Ending.PUBLISHED
    version = bench.world.records.asset_version(bench.tenant, bench.asset.id, bench.asset_now().active_version or "")
    assert version is not None and [one.name for one in version.renditions] == ["v360", "v240"]


@pytest.mark.parametrize("over_s", [0, 12, 300])
def test_short_sources_and_a_setting_of_nought_make_no_chunks(bench: Bench, over_s: float) -> None:
    bench.deps = replace(bench.deps, chunking=replace(bench.deps.chunking, over_s=over_s))
    assert bench.run() is Ending.PUBLISHED
    assert bench.work.objects == {}


def test_a_source_that_cannot_be_cut_is_encoded_by_its_first_task(bench: Bench) -> None:
    bench.tools.look = lambda _file: {"packets": [], "streams": []}  # type: ignore[method-assign]
    bench.deps = replace(bench.deps, chunking=replace(bench.deps.chunking, over_s=5, length_s=6))
    assert bench.run() is Ending.PUBLISHED
    assert bench.result().outcome == "succeeded"
