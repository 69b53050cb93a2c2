"""What the sweeper does for uploads that are fetched, and for those that nobody goes on with."""

from sluice.domain.states import UploadState
from sluice.service.settling import moving
from tests.unit.ingest_world import IngestWorld
from tests.unit.test_reconcile import sweep


def test_an_upload_left_alone_is_aborted_when_its_policy_says_so() -> None:
    world = IngestWorld()
    upload, asset = world.create(policy_id=world.policy(on_interrupt="abort"))
    assert upload.deadline < upload.expires_at
    world.now.tick(seconds=(upload.deadline - upload.created_at).total_seconds() - 1)
    assert sweep(world)["expired_uploads"] == 0
    world.now.tick(seconds=2)
    assert sweep(world)["expired_uploads"] == 1
    assert world.upload(upload).state is UploadState.ABORTED
    assert world.event_types(asset.id)[-1] == "upload.aborted"
    assert not world.objects.open


def test_a_fetch_whose_start_was_lost_is_started() -> None:
    world = IngestWorld()
    upload, _ = world.ingest()
    world.fetches.names.clear()
    assert sweep(world)["unsettled_uploads"] == 0  # the ordinary path gets its minute
    world.now.tick(seconds=61)
    sweep(world)
    assert world.fetches.names == [upload.id]
    assert world.upload(upload).state is UploadState.OPEN


def test_a_fetch_that_runs_is_left_alone_until_its_deadline() -> None:
    world = IngestWorld()
    upload, asset = world.ingest()
    world.now.tick(minutes=59)
    sweep(world)
    assert world.upload(upload).state is UploadState.OPEN
    world.now.tick(seconds=60)
    sweep(world)
    assert world.upload(upload).state is UploadState.OPEN
    world.now.tick(seconds=1)  # no later than the next minute's sweep
    sweep(world)
    assert world.upload(upload).state is UploadState.EXPIRED
    assert world.event_types(asset.id)[-1] == "upload.expired"


def test_a_fetch_that_ended_without_a_word_fails_as_ours() -> None:
    world = IngestWorld()
    upload, asset = world.ingest()
    world.fetches.ended.add(upload.id)
    world.now.tick(seconds=61)
    assert sweep(world)["unsettled_uploads"] == 1
    failed = world.upload(upload)
    assert failed.state is UploadState.FAILED and failed.error is not None
    assert failed.error.code == "provider.fetch_failed"
    assert world.event_types(asset.id)[-1] == "error.processing"
    assert not world.queue.sent


def test_a_fetch_that_has_all_its_bytes_is_completed_and_not_started_again() -> None:
    world = IngestWorld()
    upload, _ = world.ingest()
    completing, writes = moving(upload, UploadState.COMPLETING, world.now())
    world.records.commit(*writes)
    world.fetches.names.clear()
    world.now.tick(seconds=61)
    sweep(world)
    assert world.queue.sent == [(completing.tenant_id, completing.id)]
    assert not world.fetches.names
