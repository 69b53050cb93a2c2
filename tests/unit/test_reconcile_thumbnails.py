"""Thumbnails that the sweeper meets."""

from datetime import timedelta

from sluice.service.ports import Create
from tests.contract.samples import make_thumbnail
from tests.fakes.thumbnails import FakeThumbnailMaker
from tests.unit.sweeping import sweep
from tests.unit.world import World


def test_a_thumbnail_that_nobody_makes_is_started_again_and_fails_in_the_end() -> None:
    world, maker = World(), FakeThumbnailMaker()
    _, asset, _ = world.uploaded()
    thumbnail = make_thumbnail(tenant_id=asset.tenant_id, asset_id=asset.id)
    world.records.commit(Create(thumbnail))
    world.now.moment = thumbnail.created_at + timedelta(seconds=61)
    assert [sweep(world, maker)["pending_thumbnails"] for _ in range(2)] == [1, 0]  # the next look is minutes later
    assert maker.started == [thumbnail.id]
    world.now.moment = thumbnail.deadline + timedelta(minutes=7)
    assert sweep(world, maker)["pending_thumbnails"] == 1
    assert world.event_types(asset.id)[-1] == "thumbnail.failed"
    assert sweep(world, maker)["pending_thumbnails"] == 0
