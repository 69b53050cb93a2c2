"""An old job that comes late: neither its media nor its failure reaches an asset that waits for a newer job."""

from pathlib import Path

import pytest

from sluice.domain.errors import WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.models import Job
from sluice.domain.states import AssetState, JobState
from sluice.service.attempts import Ending
from sluice.service.ports import Replace, Write
from sluice.service.progress import Superseded
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def test_an_old_attempt_cannot_publish_over_the_new_job(bench: Bench) -> None:
    """Its task was believed dead, the job failed, the tenant asked again; then it wakes up with its media rendered."""

    def overtake() -> None:
        bench.sources.on_download = lambda: None
        bench.world.fail(bench.job)
        newer = bench.world.retry(bench.asset.id)
        assert bench.run(job_id=newer.id) is Ending.PUBLISHED

    bench.sources.on_download = overtake
    with pytest.raises(Superseded):
        bench.run()
    assert bench.events().count("transcode.ready") == 1
    assert bench.asset_now().job_id != bench.job_id


def test_the_pointer_moves_for_the_job_that_the_asset_waits_for_only(bench: Bench) -> None:
    """Even were the old job's row untouched: the asset itself says whose version it takes."""

    def point_elsewhere() -> None:
        asset = bench.asset_now()
        newer = {"job_id": bench.world.new_id(Prefix.JOB), "version": asset.version + 1}
        bench.world.records.commit(Replace(asset.model_copy(update=newer)))

    bench.sources.on_download = point_elsewhere
    with pytest.raises(Superseded):
        bench.run()
    after = bench.asset_now()
    assert (after.state, after.active_version) == (AssetState.PROCESSING, None)
    assert bench.job.state is JobState.RUNNING


def test_a_newer_job_between_reading_and_publishing_wins(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    records = bench.world.records
    commit = records.commit

    def overtaken(*writes: Write) -> None:
        if any(isinstance(one.record, Job) and one.record.state is JobState.SUCCEEDED for one in writes):  # type: ignore[union-attr]
            monkeypatch.setattr(records, "commit", commit)
            bench.world.fail(bench.job)
            bench.world.retry(bench.asset.id)
            with pytest.raises(WriteConflict):
                commit(*writes)
            raise WriteConflict
        commit(*writes)

    monkeypatch.setattr(records, "commit", overtaken)
    with pytest.raises(Superseded):
        bench.run()
    assert (bench.asset_now().state, bench.asset_now().active_version) == (AssetState.PROCESSING, None)


def test_an_old_job_that_fails_late_leaves_the_asset_to_the_newer_one(bench: Bench) -> None:
    asset = bench.asset_now()
    newer = {"job_id": bench.world.new_id(Prefix.JOB), "state": AssetState.PROCESSING, "version": asset.version + 1}
    bench.world.records.commit(Replace(asset.model_copy(update=newer)))
    before = bench.asset_now()
    bench.world.fail(bench.job)
    assert (bench.job.state, bench.asset_now()) == (JobState.FAILED, before)
