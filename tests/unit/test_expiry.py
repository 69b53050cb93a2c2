"""The end of an upload's time, where a completion was under way or a file is there."""

from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.service.expiry import expire_upload
from tests.unit.test_reconcile import sweep
from tests.unit.world import World


def test_past_its_deadline_nobody_could_send_them_again() -> None:
    world = World()
    upload, asset = world.create()
    world.request_completion(upload)
    world.now.tick(seconds=3601)
    world.run_completion(upload)
    expired = world.upload(upload)
    assert expired.state is UploadState.EXPIRED and world.asset_of(upload).state is AssetState.DELETED
    assert expired.error is not None and expired.error.code == "upload_incomplete"
    assert world.event_types(asset.id)[-1] == "upload.expired" and not world.objects.open


def test_a_file_that_is_there_does_not_expire() -> None:
    """Its client joined it behind our back, and S3's event was lost."""
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)
    parts = world.objects.parts(upload.key, upload.multipart_id)
    world.objects.complete_multipart(upload.key, upload.multipart_id, parts)
    world.now.tick(seconds=3601)
    sweep(world)
    assert world.upload(upload).state is UploadState.COMPLETE
    assert world.asset_of(upload).state is AssetState.UPLOADED and len(world.executions.names) == 1


def test_a_file_that_is_there_does_not_expire_with_a_completion_that_found_no_parts() -> None:
    world = World()
    upload, _ = world.create()
    world.request_completion(upload)
    foreign = world.objects.create_multipart(upload.key, content_type="video/mp4", correlation_id="c")
    world.objects.put_part(foreign, 1, upload.size_bytes)
    world.objects.complete_multipart(upload.key, foreign, world.objects.parts(upload.key, foreign))
    world.now.tick(seconds=3601)
    world.run_completion(upload)
    sweep(world)
    assert world.upload(upload).state is UploadState.COMPLETE


def expire(world: World, upload: Upload) -> None:
    expire_upload(
        upload,
        environment="dev",
        records=world.records,
        objects=world.objects,
        new_id=world.new_id,
        now=world.now,
    )


def test_an_upload_that_has_time_left_or_is_being_completed_stays() -> None:
    world = World()
    upload, _ = world.create()
    expire(world, upload)
    assert world.upload(upload).state is UploadState.OPEN
    world.request_completion(upload)
    world.now.tick(seconds=3601)
    expire(world, upload)
    assert world.upload(upload).state is UploadState.COMPLETING and world.objects.open


def test_parts_that_a_crash_left_are_freed_by_the_repeat() -> None:
    world = World()
    upload, _ = world.create()
    world.now.tick(seconds=3601)
    expire(world, upload)
    assert world.upload(upload).state is UploadState.EXPIRED
    world.objects.open[upload.multipart_id] = {}
    expire(world, upload)
    assert not world.objects.open
