"""The same file again: known by size and checksum, within one creator and one policy."""

import json

import pytest

from sluice.domain.errors import InvalidRequest
from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.models import Asset
from sluice.domain.states import AssetState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadDuplicate
from sluice.service.ports import Replace
from tests.unit.world import World

OTHER = Checksum(algorithm=ChecksumAlgorithm.CRC64NVME, value="AAAAAAAAAAA=")


@pytest.fixture
def world() -> World:
    return World()


def brought(world: World, creator: str | None = "ann") -> tuple[Upload, Checksum]:
    """An upload whose file is stored; with the checksum that S3 found."""
    upload, _ = world.create(creator_id=creator)
    world.put_parts(upload)
    checksum = world.objects.whole_checksum(upload.multipart_id)
    world.request_completion(upload)
    world.run_completion(upload)
    world.accept(upload)
    return world.upload(upload), checksum


def history(world: World, asset_id: str) -> list[tuple[str, str | None]]:
    bodies = [json.loads(event.body) for event in world.records.events(world.caller.tenant_id, asset_id)]
    return [(body["type"], body["data"].get("duplicate_of")) for body in bodies]


def test_return_existing_answers_with_the_first_upload(world: World) -> None:
    first, checksum = brought(world)
    again, asset = world.create(creator_id="ann", checksum=checksum, on_duplicate="return_existing")
    assert (again.id, asset.id) == (first.id, first.asset_id)
    assert history(world, first.asset_id)[-1] == ("upload.duplicate", first.asset_id)
    assert world.objects.open == {}


def test_reject_names_the_asset(world: World) -> None:
    first, checksum = brought(world)
    with pytest.raises(UploadDuplicate, match=first.asset_id):
        world.create(creator_id="ann", checksum=checksum, on_duplicate="reject")
    assert history(world, first.asset_id)[-1] == ("upload.duplicate", first.asset_id)


def test_allow_takes_it_and_says_so_when_it_is_there(world: World) -> None:
    first, _ = brought(world)
    second, _ = brought(world)
    assert second.id != first.id
    assert history(world, second.asset_id)[-2:] == [("upload.complete", None), ("upload.duplicate", first.asset_id)]
    assert ("upload.duplicate", first.asset_id) not in history(world, first.asset_id)


@pytest.mark.parametrize(
    ("creator", "size_difference", "checksum"),
    [("bob", 0, None), (None, 0, None), ("ann", 1, None), ("ann", 0, OTHER)],
)
def test_another_creator_size_or_checksum_is_another_file(
    world: World, creator: str | None, size_difference: int, checksum: Checksum | None
) -> None:
    first, found = brought(world)
    size = first.size_bytes + size_difference
    upload, _ = world.create(size, creator_id=creator, checksum=checksum or found, on_duplicate="reject")
    assert upload.id != first.id


def gone(asset: Asset) -> Asset:
    return asset.model_copy(update={"state": AssetState.DELETED, "version": asset.version + 1})


def test_the_file_of_a_deleted_asset_is_new_again(world: World) -> None:
    first, checksum = brought(world)
    world.records.commit(Replace(gone(world.asset_of(first))))
    second, _ = world.create(creator_id="ann", checksum=checksum, on_duplicate="reject")
    world.put_parts(second)
    world.request_completion(second)
    world.run_completion(second)
    world.accept(second)
    with pytest.raises(UploadDuplicate, match=second.asset_id):
        world.create(creator_id="ann", checksum=checksum, on_duplicate="reject")


def test_a_duplicate_is_known_by_its_checksum_only(world: World) -> None:
    with pytest.raises(InvalidRequest) as raised:
        world.create(on_duplicate="reject")
    assert [error.pointer for error in raised.value.errors] == ["/checksum"]
