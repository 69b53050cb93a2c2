"""How slow a source may be, and whose slowness counts."""

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.parts import MIB
from sluice.service.fetching import Ending
from tests.unit.fetch_world import FetchWorld, film


def test_too_few_bytes_for_a_minute() -> None:
    world = FetchWorld()
    world.web.piece, world.web.seconds_per_piece = 9_000, 1
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_too_slow")
    assert 60 <= (world.now() - world.upload.created_at).total_seconds() < 70


def test_just_fast_enough() -> None:
    world = FetchWorld(film(1_100_000))
    world.web.piece, world.web.seconds_per_piece = 11_000, 1
    assert world.run() is Ending.FETCHED


def test_a_source_that_becomes_slow_after_a_fast_start() -> None:
    world = FetchWorld()

    def slow(position: int) -> None:
        if position > 15 * MIB:
            world.web.piece, world.web.seconds_per_piece = 100, 1

    world.web.on_piece = slow
    world.run()
    world.assert_refused("source_too_slow")
    assert (world.now() - world.upload.created_at).total_seconds() < 130


def test_our_own_slowness_is_no_fault_of_the_source() -> None:
    world = FetchWorld()
    put = world.objects.put_part

    def slow_bucket(*arguments: object) -> None:
        world.now.tick(seconds=300)
        put(*arguments)  # type: ignore[arg-type]

    world.objects.put_part = slow_bucket  # type: ignore[method-assign]
    assert world.run() is Ending.FETCHED


def test_the_whole_fetch_has_a_deadline_over_all_its_attempts() -> None:
    world = FetchWorld()
    world.objects.dies_after = 0
    with pytest.raises(ProviderFailure):
        world.run()
    world.objects.dies_after = None
    world.now.tick(seconds=3600)
    world.web.seconds_per_piece = 1
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_too_slow")


def test_a_byte_for_each_connection_holds_us_ten_times_at_most() -> None:
    world = FetchWorld()
    world.web.cuts = [1] * 1000
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_interrupted")
    assert len(world.web.opened) == 11
