"""POST /v1/assets/{id}/retry behind its route: which asset gets a new job, and that an old job cannot disturb it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sluice.domain.errors import (
    AssetNotFound,
    AssetNotRetryable,
    AssetNotUploaded,
    JobActive,
    OriginalGone,
    SluiceError,
    WriteConflict,
)
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, Job
from sluice.domain.states import AssetState, JobState
from sluice.domain.upload import Upload
from sluice.service import jobs
from sluice.service.failures import fail_transcode, provider_error
from sluice.service.ports import Replace, Write
from sluice.service.progress import Superseded
from sluice.service.transcode import Ending, begin_attempt, transcode
from tests.unit.transcoding import Bench
from tests.unit.world import World

KILLED = provider_error("provider.killed", "Processing was stopped: out of memory or killed.")


def fail(world: World, job: Job) -> None:
    fail_transcode(
        tenant_id=job.tenant_id,
        job_id=job.id,
        error=KILLED,
        environment="dev",
        records=world.records,
        new_id=world.new_id,
        now=world.now,
    )


def retry(world: World, asset_id: str) -> Job:
    ports, job_id = world.job_ports, world.new_id(Prefix.JOB)
    return jobs.retry_asset(asset_id, job_id=job_id, caller=world.caller, ports=ports)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def failed(world: World) -> Upload:
    upload, _, job = world.uploaded()
    fail(world, job)
    return upload


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def test_a_failed_asset_gets_a_new_job_that_runs(world: World, failed: Upload) -> None:
    before = world.asset_of(failed)
    world.now.tick(minutes=5)
    job = retry(world, failed.asset_id)
    assert (job.state, job.source_key, job.source_bytes) == (JobState.QUEUED, failed.key, failed.size_bytes)
    assert (job.created_at, job.correlation_id) == (world.now(), world.caller.correlation_id)
    assert world.records.job(job.tenant_id, job.id) == job
    asset = world.asset_of(failed)
    assert (asset.state, asset.job_id, asset.error) == (AssetState.PROCESSING, job.id, None)
    assert world.executions.names == [before.job_id, job.id]
    event = world.records.events(asset.tenant_id, asset.id)[-1]
    told = json.loads(event.body)
    assert (told["type"], told["request_id"]) == ("asset.updated", world.caller.request_id)
    data = told["data"]
    assert (data["state"], data["previous_state"], data["job_id"]) == ("processing", "failed", job.id)


def test_the_jobs_of_an_asset_are_listed_newest_first(world: World, failed: Upload) -> None:
    first = world.asset_of(failed).job_id
    second = retry(world, failed.asset_id).id
    listed, following = world.records.list_jobs(failed.tenant_id, asset_id=failed.asset_id, limit=9, before=None)
    assert ([job.id for job in listed], following) == ([second, first], None)


def test_a_start_that_fails_is_left_to_reconcile(world: World, failed: Upload) -> None:
    world.executions.failing = True
    job = retry(world, failed.asset_id)
    world.now.tick(minutes=2)
    assert world.records.unfinished_jobs(before=world.now(), limit=9) == [job]


def test_a_ready_asset_stays_playable_on_its_version_until_the_new_one(bench: Bench) -> None:
    bench.run()
    old = asset_of(bench)
    job = retry(bench.world, old.id)
    meanwhile = asset_of(bench)
    assert (meanwhile.state, meanwhile.playable) == (AssetState.PROCESSING, True)
    assert meanwhile.active_version == old.active_version
    assert run(bench, job) is Ending.PUBLISHED
    after = asset_of(bench)
    assert (after.state, after.playable, after.job_id) == (AssetState.READY, True, job.id)
    assert after.active_version not in (None, old.active_version)
    assert bench.events()[-3:] == ["asset.updated", "transcode.started", "transcode.ready"]


def test_a_ready_asset_stays_ready_when_its_new_job_fails(bench: Bench) -> None:
    bench.run()
    old = asset_of(bench)
    fail(bench.world, retry(bench.world, old.id))
    after = asset_of(bench)
    assert (after.state, after.active_version, after.error) == (AssetState.READY, old.active_version, KILLED)


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_second_job_beside_one_at_work_is_refused(bench: Bench, state: JobState) -> None:
    if state is JobState.RUNNING:
        begin_attempt(tenant_id=bench.tenant, job_id=bench.job_id, attempt=1, capacity="FARGATE", deps=bench.deps)
    assert bench.job.state is state
    before = dict(bench.world.records.rows)
    with pytest.raises(JobActive):
        retry(bench.world, bench.asset.id)
    assert bench.world.records.rows == before


def uploading(world: World) -> str:
    upload, _ = world.create()
    return upload.asset_id


def never_stored(world: World) -> str:
    """Its upload failed: what arrived is not what was declared."""
    upload, _ = world.create()
    stored = world.uploaded()[0]
    world.objects.objects[upload.key] = world.objects.objects[stored.key]._replace(size=1)
    world.accept(upload)
    assert world.asset_of(upload).state is AssetState.FAILED
    return upload.asset_id


def stored_only(world: World) -> str:
    upload, _ = world.create(transcode="none")
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)
    world.accept(upload)
    assert world.asset_of(upload).state is AssetState.UPLOADED
    return upload.asset_id


def in_state(world: World, state: AssetState) -> str:
    upload, _, job = world.uploaded()
    fail(world, job)
    asset = world.asset_of(upload)
    world.records.commit(Replace(asset.model_copy(update={"state": state, "version": asset.version + 1})))
    return asset.id


def replaced_original(world: World) -> str:
    upload, _, job = world.uploaded()
    fail(world, job)
    world.objects.objects[upload.key] = world.objects.objects[upload.key]._replace(etag='"other"')
    return upload.asset_id


def lost_original(world: World) -> str:
    upload, _, job = world.uploaded()
    fail(world, job)
    world.objects.delete(upload.key)
    return upload.asset_id


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda world: world.new_id(Prefix.ASSET), AssetNotFound),
        (lambda world: "ast_1", AssetNotFound),
        (lambda world: in_state(world, AssetState.DELETED), AssetNotFound),
        (lambda world: in_state(world, AssetState.ARCHIVED), AssetNotRetryable),
        (uploading, AssetNotUploaded),
        (never_stored, AssetNotUploaded),
        (stored_only, AssetNotRetryable),
        (lost_original, OriginalGone),
        (replaced_original, OriginalGone),
    ],
    ids=["unknown", "malformed", "deleted", "archived", "open", "failed-upload", "stored-only", "lost", "replaced"],
)
def test_what_cannot_be_transcoded_again(world: World, make: Any, refusal: type[SluiceError]) -> None:
    asset_id = make(world)
    before, started = dict(world.records.rows), list(world.executions.names)
    with pytest.raises(refusal):
        retry(world, asset_id)
    assert (world.records.rows, world.executions.names) == (before, started)


def test_a_foreign_asset_is_unknown(world: World, failed: Upload) -> None:
    stranger = replace(world.caller, tenant_id=world.new_id(Prefix.TENANT))
    with pytest.raises(AssetNotFound):
        jobs.retry_asset(failed.asset_id, job_id=world.new_id(Prefix.JOB), caller=stranger, ports=world.job_ports)


def test_of_two_retries_at_once_one_makes_a_job(world: World, failed: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one begins and ends between the first one's reading and writing."""
    commit, winner = world.records.commit, []

    def overtaken(*writes: Write) -> None:
        monkeypatch.setattr(world.records, "commit", commit)
        winner.append(retry(world, failed.asset_id))
        commit(*writes)

    monkeypatch.setattr(world.records, "commit", overtaken)
    with pytest.raises(JobActive):
        retry(world, failed.asset_id)
    assert world.asset_of(failed).job_id == winner[0].id
    assert len(world.executions.names) == 2


# ------------------------------------------------------------------ an old job, late


def test_an_old_attempt_cannot_publish_over_the_new_job(bench: Bench) -> None:
    """Its task was believed dead, the job failed, the tenant asked again; then it wakes up with its media rendered."""

    def overtake() -> None:
        bench.sources.on_download = lambda: None
        fail(bench.world, bench.job)
        newer = retry(bench.world, bench.asset.id)
        assert run(bench, newer) is Ending.PUBLISHED

    bench.sources.on_download = overtake
    with pytest.raises(Superseded):
        bench.run()
    assert bench.events().count("transcode.ready") == 1
    assert asset_of(bench).job_id != bench.job_id


def test_the_pointer_moves_for_the_job_that_the_asset_waits_for_only(bench: Bench) -> None:
    """Even were the old job's row untouched: the asset itself says whose version it takes."""

    def point_elsewhere() -> None:
        asset = asset_of(bench)
        newer = {"job_id": bench.world.new_id(Prefix.JOB), "version": asset.version + 1}
        bench.world.records.commit(Replace(asset.model_copy(update=newer)))

    bench.sources.on_download = point_elsewhere
    with pytest.raises(Superseded):
        bench.run()
    after = asset_of(bench)
    assert (after.state, after.active_version) == (AssetState.PROCESSING, None)
    assert bench.job.state is JobState.RUNNING


def test_a_newer_job_between_reading_and_publishing_wins(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    records = bench.world.records
    commit = records.commit

    def overtaken(*writes: Write) -> None:
        if any(isinstance(one.record, Job) and one.record.state is JobState.SUCCEEDED for one in writes):  # type: ignore[union-attr]
            monkeypatch.setattr(records, "commit", commit)
            fail(bench.world, bench.job)
            retry(bench.world, bench.asset.id)
            with pytest.raises(WriteConflict):
                commit(*writes)
            raise WriteConflict
        commit(*writes)

    monkeypatch.setattr(records, "commit", overtaken)
    with pytest.raises(Superseded):
        bench.run()
    assert (asset_of(bench).state, asset_of(bench).active_version) == (AssetState.PROCESSING, None)


def test_an_old_job_that_fails_late_leaves_the_asset_to_the_newer_one(bench: Bench) -> None:
    asset = asset_of(bench)
    newer = {"job_id": bench.world.new_id(Prefix.JOB), "state": AssetState.PROCESSING, "version": asset.version + 1}
    bench.world.records.commit(Replace(asset.model_copy(update=newer)))
    before = asset_of(bench)
    fail(bench.world, bench.job)
    assert (bench.job.state, asset_of(bench)) == (JobState.FAILED, before)


def asset_of(bench: Bench) -> Asset:
    asset = bench.world.records.asset(bench.tenant, bench.asset.id)
    assert asset is not None
    return asset


def run(bench: Bench, job: Job) -> Ending:
    return transcode(tenant_id=job.tenant_id, job_id=job.id, attempt=1, capacity="FARGATE", deps=bench.deps)
