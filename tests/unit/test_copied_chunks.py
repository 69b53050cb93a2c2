"""A long standard source in parts: the first task cuts its copy, and whatever does not fit is encoded whole."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.models import AssetVersion
from sluice.media.chunks import ChunkedPlan
from sluice.service import smart_top
from sluice.service.assembling import assemble
from sluice.service.attempts import Ending
from sluice.service.chunk_ports import Chunking
from sluice.service.early import CopiedTop
from sluice.service.part_rounds import unfinished
from tests.fakes import copied_top
from tests.fakes.transcoding import FRAGMENTED, MOVIE, TIMESCALE, fragment
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(smart_top, "copy_top", copied_top.copy_top)
    made = Bench(tmp_path / "scratch")
    made.sources.objects[made.job.source_key] = copied_top.STANDARD.ljust(made.job.source_bytes, b"\0")
    return made


@pytest.fixture
def plan(bench: Bench) -> ChunkPlan:
    return bench.in_chunks()


def publish(bench: Bench, plan: ChunkPlan) -> AssetVersion:
    named = {"tenant_id": bench.tenant, "job_id": bench.job_id, "plan_id": plan.id}
    assert assemble(**named, attempt=1, deps=bench.deps) is Ending.PUBLISHED
    assert list(bench.scratch.iterdir()) == []
    return active(bench)


def active(bench: Bench) -> AssetVersion:
    version = bench.world.records.asset_version(bench.tenant, bench.asset.id, bench.asset_now().active_version or "")
    assert version is not None
    return version


def parts(bench: Bench, plan: ChunkPlan) -> dict[str, ChunkPart]:
    return {part.name: part for part in bench.world.records.chunk_parts(bench.tenant, bench.job_id, plan.id)}


def encoders(bench: Bench) -> list[list[str]]:
    """What each run made that encodes renditions."""
    runs = [task.argv for task in bench.tools.tasks if "-progress" in task.argv]
    return [[name for before, name in pairwise(run) if name.endswith(".mp4") and before != "-i"] for run in runs]


def test_the_first_task_publishes_the_copy_and_cuts_it(bench: Bench, plan: ChunkPlan) -> None:
    early = active(bench)
    assert early.early and [made.name for made in early.renditions] == ["v360", "audio"]
    assert unfinished(plan, bench.deps.records) == ["0", "1"]  # the sound was made with the copy
    sound = parts(bench, plan)["audio"]
    assert (sound.renditions, sound.size_bytes) == (("audio",), len(FRAGMENTED))
    pieces = [plan.piece_key(number, copied=True) for number in (0, 1)]
    assert list(bench.work.objects) == [*pieces, plan.result_key("audio", sound.run_id, "audio")]
    assert bench.work.objects[pieces[0]] == bench.work.objects[pieces[1]] == MOVIE + fragment(10 * TIMESCALE, 1)
    assert plan.piece_bytes == len(FRAGMENTED)
    assert encoders(bench) == []
    assert list(bench.scratch.iterdir()) == []


def test_tasks_encode_what_is_below_and_the_last_one_uses_the_early_bytes(bench: Bench, plan: ChunkPlan) -> None:
    early = active(bench)
    for name in ("1", "0"):
        assert bench.encode_part(plan, name) is Ending.FINISHED
    assert encoders(bench) == [["v240.mp4"], ["v240.mp4"]]
    assert parts(bench, plan)["1"].size_bytes == 2 * len(FRAGMENTED)  # its piece is joined as well
    full = publish(bench, plan)
    assert len(encoders(bench)) == 2
    places = {made.name: made.version_id for made in full.renditions}
    assert places == {"v360": early.id, "v240": None, "audio": early.id}
    assert full.frames == 600


def assert_encoded_whole(bench: Bench, plan: ChunkPlan) -> None:
    before = len(encoders(bench))
    assert [made.name for made in publish(bench, plan).renditions] == ["v360", "v240", "audio"]
    assert encoders(bench)[before:] == [["v360.mp4", "v240.mp4", "audio.mp4"]]


def test_a_chunk_of_other_frames_has_everything_encoded(bench: Bench, plan: ChunkPlan) -> None:
    bench.encode_part(plan, "0")
    bench.tools.frames = 299
    assert bench.encode_part(plan, "1") is Ending.FINISHED
    assert (parts(bench, plan)["1"].fits, parts(bench, plan)["0"].fits) == (False, True)
    assert_encoded_whole(bench, plan)


def test_so_does_one_that_cannot_be_decoded_before_the_others_are_done(bench: Bench, plan: ChunkPlan) -> None:
    bench.tools.exit_codes["ffmpeg"] = 1
    assert bench.encode_part(plan, "1") is Ending.FINISHED
    assert not parts(bench, plan)["1"].fits
    bench.tools.exit_codes = {}
    assert_encoded_whole(bench, plan)


def test_so_do_chunks_with_different_headers(bench: Bench, plan: ChunkPlan) -> None:
    for name in ("0", "1"):
        bench.encode_part(plan, name)
    key = plan.result_key("1", parts(bench, plan)["1"].run_id, "v240")
    bench.work.objects[key] = FRAGMENTED.replace(b"trak", b"trac")
    assert_encoded_whole(bench, plan)


def test_so_do_renditions_that_are_cut_at_other_moments(
    bench: Bench, plan: ChunkPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("0", "1"):
        bench.encode_part(plan, name)
    monkeypatch.setattr("sluice.service.assembling.boundaries_agree", lambda _plan, _directory: False)
    assert_encoded_whole(bench, plan)


@pytest.mark.parametrize("broken", ["one segment", "no fragment", "decoded early"])
def test_a_copy_that_cannot_be_cut_is_encoded_whole_in_chunks(
    bench: Bench, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_top(*args: object, **options: object) -> CopiedTop:
        copied = copied_top.copy_top(*args, **options)  # type: ignore[arg-type]
        assert isinstance(copied, CopiedTop)
        first, second = copied.segments
        if broken == "decoded early":
            (copied.directory / "v360.mp4").write_bytes(FRAGMENTED + fragment(0))
            second = second._replace(start_s=second.start_s + 10)
        if broken == "no fragment":
            second = second._replace(offset=second.offset + 1)
        return replace(copied, segments=(first,) if broken == "one segment" else (first, second))

    monkeypatch.setattr(smart_top, "copy_top", copy_top)
    plan = bench.in_chunks()
    assert active(bench).early
    chunked = ChunkedPlan.model_validate_json(plan.work)
    assert (chunked.copied, chunked.encoded.names) == (None, ["v360", "v240"])
    assert unfinished(plan, bench.deps.records) == ["audio", "0", "1"]
    assert all(key.endswith(".nut") for key in bench.work.objects if f"/{plan.id}/" in key)


def test_a_short_standard_source_is_done_by_one_task(bench: Bench) -> None:
    bench.deps = replace(bench.deps, chunking=Chunking(over_s=12, length_s=6))
    assert bench.run() is Ending.PUBLISHED
    assert (encoders(bench), bench.work.objects) == ([["v240.mp4"]], {})
