import pytest

from sluice.domain.models import Asset
from sluice.domain.parts import MIB
from sluice.domain.states import AssetState, JobState, UploadState
from sluice.service import upload_abort
from tests.unit.world import World


def test_all_parts_become_the_object() -> None:
    world = World()
    upload, _ = world.create(20 * MIB)
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)
    stored = world.objects.head(upload.key)
    assert stored is not None and stored.size == 20 * MIB
    assert world.upload(upload).state is UploadState.COMPLETING  # S3's event, not our call, moves it on


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ([8 * MIB, 8 * MIB], "upload_incomplete"),
        ([8 * MIB, 8 * MIB, 5 * MIB], "upload_size_mismatch"),
        ([8 * MIB, 8 * MIB, 4 * MIB, 1], "upload_size_mismatch"),
        ([], "upload_incomplete"),
    ],
)
def test_missing_or_wrong_parts_reopen_the_upload_with_the_reason(sizes: list[int], code: str) -> None:
    world = World()
    upload, _ = world.create(20 * MIB)
    for number, size in enumerate(sizes, start=1):
        world.objects.put_part(upload.multipart_id, number, size)
    world.request_completion(upload)
    world.run_completion(upload)
    reopened = world.upload(upload)
    assert reopened.state is UploadState.OPEN
    assert reopened.error is not None and reopened.error.code == code
    assert world.objects.head(upload.key) is None
    world.put_parts(upload)
    world.objects.open[upload.multipart_id].pop(4, None)
    assert world.request_completion(upload).error is None
    world.run_completion(upload)
    assert world.objects.head(upload.key) is not None


def test_a_repeat_after_joining_changes_nothing() -> None:
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)
    before = world.upload(upload)
    world.run_completion(upload)
    assert world.upload(upload) == before


def test_an_upload_that_vanished_from_s3_fails() -> None:
    world = World()
    upload, _ = world.create()
    world.request_completion(upload)
    world.objects.abort_multipart(upload.key, upload.multipart_id)
    world.run_completion(upload)
    assert world.upload(upload).state is UploadState.FAILED
    asset = world.asset_of(upload)
    assert asset.state is AssetState.FAILED and asset.error is not None and asset.error.code == "upload_closed"
    assert world.event_types(asset.id)[-1] == "error.processing"


def test_the_objects_event_starts_exactly_one_job() -> None:
    world = World()
    upload, asset, job = world.uploaded()
    assert (upload.state, asset.state, job.state) == (UploadState.COMPLETE, AssetState.UPLOADED, JobState.QUEUED)
    assert asset.job_id == job.id and world.executions.names == [job.id]
    assert world.event_types(asset.id)[-1] == "upload.complete"
    again = world.accept(upload)
    assert again == job and world.executions.names == [job.id]
    assert world.event_types(asset.id).count("upload.complete") == 1


def test_a_crash_before_the_start_is_mended_by_the_repeat() -> None:
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)

    def down(job: object) -> None:
        raise ConnectionError

    start, world.executions.start = world.executions.start, down  # type: ignore[method-assign, assignment]
    with pytest.raises(ConnectionError):
        world.accept(upload)
    world.executions.start = start  # type: ignore[method-assign]
    job = world.accept(upload)
    assert job is not None and world.executions.names == [job.id]


def test_an_object_completed_behind_our_back_is_taken_if_it_is_what_was_declared() -> None:
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)
    world.objects.complete_multipart(upload.key, upload.multipart_id, world.objects.parts("", upload.multipart_id))
    assert world.accept(upload) is not None
    assert world.upload(upload).state is UploadState.COMPLETE


def test_an_object_of_another_size_fails_the_asset_with_a_typed_error() -> None:
    world = World()
    upload, _ = world.create(20 * MIB)
    world.objects.put_part(upload.multipart_id, 1, 5)
    world.objects.complete_multipart(upload.key, upload.multipart_id, world.objects.parts("", upload.multipart_id))
    assert world.accept(upload) is None
    asset = world.asset_of(upload)
    assert asset.state is AssetState.FAILED
    assert asset.error is not None and asset.error.code == "upload_size_mismatch"
    assert world.event_types(asset.id)[-1] == "error.processing"
    assert not world.executions.names


def test_an_event_without_an_object_or_an_upload_is_nothing() -> None:
    world = World()
    upload, _ = world.create()
    assert world.accept(upload) is None
    assert world.accept(upload.model_copy(update={"id": "upl_" + "0" * 26})) is None
    assert world.upload(upload).state is UploadState.OPEN


def test_an_upload_that_is_aborted_while_its_object_is_taken_stays_aborted() -> None:
    """Upload and asset are read one after the other: the second may already be a tombstone."""
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)
    world.objects.complete_multipart(
        upload.key, upload.multipart_id, world.objects.parts(upload.key, upload.multipart_id)
    )
    read = world.records.asset

    def aborted_meanwhile(tenant_id: str, asset_id: str) -> Asset | None:
        world.records.asset = read  # type: ignore[method-assign]
        upload_abort.abort_upload(upload.id, caller=world.caller, ports=world.ports)
        return read(tenant_id, asset_id)

    world.records.asset = aborted_meanwhile  # type: ignore[method-assign]
    assert world.accept(upload) is None
    assert (world.upload(upload).state, world.asset_of(upload).state) == (UploadState.ABORTED, AssetState.DELETED)
