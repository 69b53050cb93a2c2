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
)
from sluice.domain.ids import Prefix
from sluice.domain.states import AssetState, JobState
from sluice.domain.upload import Upload
from sluice.service import jobs
from sluice.service.attempts import Ending
from sluice.service.ports import Replace, Write
from tests.unit.transcoding import Bench
from tests.unit.world import KILLED, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def failed(world: World) -> Upload:
    upload, _, job = world.uploaded()
    world.fail(job)
    return upload


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def test_a_failed_asset_gets_a_new_job_that_runs(world: World, failed: Upload) -> None:
    before = world.asset_of(failed)
    world.now.tick(minutes=5)
    job = world.retry(failed.asset_id)
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
    second = world.retry(failed.asset_id).id
    listed, following = world.records.list_jobs(failed.tenant_id, asset_id=failed.asset_id, limit=9, before=None)
    assert ([job.id for job in listed], following) == ([second, first], None)


def test_a_start_that_fails_is_left_to_reconcile(world: World, failed: Upload) -> None:
    world.executions.failing = True
    job = world.retry(failed.asset_id)
    world.now.tick(minutes=2)
    assert world.records.unfinished_jobs(before=world.now(), limit=9) == [job]


def test_a_ready_asset_stays_playable_on_its_version_until_the_new_one(bench: Bench) -> None:
    bench.run()
    old = bench.asset_now()
    job = bench.world.retry(old.id)
    meanwhile = bench.asset_now()
    assert (meanwhile.state, meanwhile.playable) == (AssetState.PROCESSING, True)
    assert meanwhile.active_version == old.active_version
    assert bench.run(job_id=job.id) is Ending.PUBLISHED
    after = bench.asset_now()
    assert (after.state, after.playable, after.job_id) == (AssetState.READY, True, job.id)
    assert after.active_version not in (None, old.active_version)
    assert bench.events()[-3:] == ["asset.updated", "transcode.started", "transcode.ready"]


def test_a_ready_asset_stays_ready_when_its_new_job_fails(bench: Bench) -> None:
    bench.run()
    old = bench.asset_now()
    bench.world.fail(bench.world.retry(old.id))
    after = bench.asset_now()
    assert (after.state, after.active_version, after.error) == (AssetState.READY, old.active_version, KILLED)
    assert bench.events()[-1] == "transcode.failed", "the asset did not fail"


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_second_job_beside_one_at_work_is_refused(bench: Bench, state: JobState) -> None:
    if state is JobState.RUNNING:
        bench.begin()
    assert bench.job.state is state
    before = dict(bench.world.records.rows)
    with pytest.raises(JobActive):
        bench.world.retry(bench.asset.id)
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
    world.fail(job)
    asset = world.asset_of(upload)
    world.records.commit(Replace(asset.model_copy(update={"state": state, "version": asset.version + 1})))
    return asset.id


def replaced_original(world: World) -> str:
    upload, _, job = world.uploaded()
    world.fail(job)
    world.objects.objects[upload.key] = world.objects.objects[upload.key]._replace(etag='"other"')
    return upload.asset_id


def lost_original(world: World) -> str:
    upload, _, job = world.uploaded()
    world.fail(job)
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
        world.retry(asset_id)
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
        winner.append(world.retry(failed.asset_id))
        commit(*writes)

    monkeypatch.setattr(world.records, "commit", overtaken)
    with pytest.raises(JobActive):
        world.retry(failed.asset_id)
    assert world.asset_of(failed).job_id == winner[0].id
    assert len(world.executions.names) == 2
