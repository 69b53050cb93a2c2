"""What was declared of the bytes: held to at completion and again on the object; the client may send them again."""

import pytest

from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.parts import MIB
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadChecksumMismatch
from sluice.service import uploads
from sluice.service.ports import Replace
from tests.fakes.uploads_bucket import checksum_of
from tests.unit.world import World

OTHER = checksum_of(ChecksumAlgorithm.CRC64NVME, "another file")


def declared(world: World, checksum: Checksum | None = None) -> Upload:
    """An upload whose bytes are stored and have the declared checksum, unless another one is given."""
    upload, _ = world.create(20 * MIB)
    world.put_parts(upload)
    checksum = checksum or world.objects.whole_checksum(upload.multipart_id)
    upload = upload.model_copy(update={"checksum": checksum, "version": upload.version + 1})
    world.records.commit(Replace(upload))
    return upload


def joined_by_the_client(world: World, upload: Upload) -> None:
    world.objects.complete_multipart(upload.key, upload.multipart_id, world.objects.parts("", upload.multipart_id))


def test_bytes_with_the_declared_checksum_are_joined_and_accepted() -> None:
    world = World()
    upload = declared(world)
    world.request_completion(upload)
    world.run_completion(upload)
    assert world.accept(upload) is not None
    assert world.upload(upload).state is UploadState.COMPLETE


def test_other_bytes_reopen_the_upload_until_the_right_ones_are_sent() -> None:
    world = World()
    upload = declared(world)
    world.objects.put_part(upload.multipart_id, 2, 8 * MIB, "y")
    world.request_completion(upload)
    world.run_completion(upload)
    reopened = world.upload(upload)
    assert reopened.state is UploadState.OPEN and world.objects.head(upload.key) is None
    assert reopened.error is not None and reopened.error.code == "upload_checksum_mismatch"
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)
    assert world.accept(upload) is not None


def test_who_waits_for_completion_is_told() -> None:
    world = World()
    upload = declared(world, OTHER)
    completing = world.request_completion(upload)
    with pytest.raises(UploadChecksumMismatch):
        uploads.await_completion(
            completing, caller=world.caller, ports=world.ports, pause=lambda _s: world.run_completion(upload)
        )


def test_an_object_joined_behind_our_back_is_held_to_the_checksum() -> None:
    world = World()
    upload = declared(world, OTHER)
    joined_by_the_client(world, upload)
    assert world.accept(upload) is None
    asset = world.asset_of(upload)
    assert world.upload(upload).state is UploadState.FAILED and asset.state is AssetState.FAILED
    assert asset.error is not None and asset.error.code == "upload_checksum_mismatch"
    assert world.event_types(asset.id)[-1] == "error.processing" and not world.executions.names


def test_an_object_with_a_checksum_of_another_kind_cannot_be_held_to_it() -> None:
    """It was joined from a multipart upload that is not ours."""
    world = World()
    upload = declared(world)
    other = next(one for one in ChecksumAlgorithm if one is not upload.checksum_algorithm)
    foreign = world.objects.create_multipart(
        upload.key, content_type="video/mp4", correlation_id="c", checksum_algorithm=other
    )
    world.objects.put_part(foreign, 1, upload.size_bytes)
    world.objects.complete_multipart(upload.key, foreign, world.objects.parts(upload.key, foreign))
    assert world.accept(upload) is None
    assert world.upload(upload).state is UploadState.FAILED


@pytest.mark.parametrize("right", [True, False])
def test_right_and_undeclared_checksums_behind_our_back_are_taken(right: bool) -> None:
    world = World()
    upload = declared(world) if right else world.create()[0]
    world.put_parts(upload)
    joined_by_the_client(world, upload)
    assert world.accept(upload) is not None
