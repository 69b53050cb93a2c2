"""Connections that break, tasks that die, sources that change: what is stored is the file, or nothing is."""

import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.domain.errors import ProviderFailure
from sluice.domain.parts import part_length
from sluice.domain.source_errors import SourceChanged, SourceUnavailable
from sluice.domain.states import UploadState
from sluice.service.fetching import Ending
from tests.unit.fetch_world import PART, FetchWorld, film

SIZE = 3 * PART + 1234


@given(
    cuts=st.lists(st.integers(0, SIZE + 10), max_size=8),
    ranges=st.booleans(),
    validator=st.sampled_from(['"v1"', None]),
    declares=st.booleans(),
    dies_after=st.none() | st.integers(0, 3),
)
@settings(max_examples=100, deadline=None)
def test_whatever_breaks_where_the_bytes_are_the_files_own(
    cuts: list[int], ranges: bool, validator: str | None, declares: bool, dies_after: int | None
) -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts, world.web.file.has_ranges, world.web.file.validator = cuts, ranges, validator
    world.web.file.declares_length = declares
    world.objects.dies_after = dies_after
    if dies_after is not None:
        with suppress(ProviderFailure):
            world.run()
        world.objects.dies_after = None
    ending = world.run()
    if world.upload.state is UploadState.COMPLETING:
        assert world.stored() == film(SIZE) and world.upload.size_bytes == SIZE
        assert_exact_parts(world)
    else:
        assert ending in (Ending.REFUSED, Ending.NOTHING_TO_DO) and not (ranges and validator)
        world.assert_refused("source_interrupted")


def assert_exact_parts(world: FetchWorld) -> None:
    upload = world.upload
    for part in world.objects.parts(upload.key, upload.multipart_id):
        assert part.size == part_length(SIZE, upload.part_size, part.number)


def test_a_broken_connection_is_taken_up_at_its_byte() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART + 77, 1_000_000, SIZE]
    assert world.run() is Ending.FETCHED
    assert world.web.opened == [(0, None), (PART + 77, '"v1"'), (PART + 1_000_077, '"v1"')]
    assert world.stored() == film(SIZE) and world.pauses == [0.5, 0.5]


def test_a_source_that_is_down_for_a_while_is_waited_for() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART]
    world.web.on_piece = lambda position: setattr(world.web, "unreachable", 9) if position == PART else None
    assert world.run() is Ending.FETCHED
    assert world.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]


def test_a_source_that_stays_down_fails_the_upload() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART]
    world.web.on_piece = lambda position: setattr(world.web, "unreachable", 99) if position == PART else None
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_unreachable")


def test_a_source_that_never_answers_is_given_up_sooner() -> None:
    world = FetchWorld()
    world.web.refusal = SourceUnavailable(503)
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_unavailable")
    assert world.pauses == [0.5, 1, 2, 4]


def test_a_body_shorter_than_it_says_fails_in_the_end() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART] + [0] * 20
    assert world.run() is Ending.REFUSED
    world.assert_refused("source_interrupted")


def test_an_end_that_comes_too_early_is_none() -> None:
    world = FetchWorld(film(SIZE))
    world.web.file.lies_by = 5
    world.run()
    world.assert_refused("source_changed")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_source_without_ranges_or_validator_is_read_anew_twice(ranges: bool) -> None:
    world = FetchWorld(film(SIZE))
    world.web.file.has_ranges, world.web.file.validator = ranges, None if ranges else '"v1"'
    world.web.cuts = [PART * 2, PART * 3]
    assert world.run() is Ending.FETCHED
    assert world.stored() == film(SIZE)
    again = FetchWorld(film(SIZE))
    again.web.file.has_ranges, again.web.file.validator = ranges, None if ranges else '"v1"'
    again.web.cuts = [PART * 2] * 3
    again.run()
    again.assert_refused("source_interrupted")
    assert len(again.web.opened) == 4


def test_a_file_that_changes_is_read_anew_with_its_new_size() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART * 2]
    new = film(PART + 5)

    def change(position: int) -> None:
        if position == PART * 2:
            world.web.file.content, world.web.file.validator = new, '"v2"'

    world.web.on_piece = change
    assert world.run() is Ending.FETCHED
    assert world.stored() == new and world.upload.size_bytes == len(new)
    assert world.upload.source is not None and world.upload.source.validator == '"v2"'
    assert len(world.objects.open) == 1, "the first file's parts are gone"
    assert world.records.usage(world.upload.tenant_id, None).open_bytes == SIZE, "what was held once is held"


def test_another_length_under_the_same_name_is_another_file() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART * 2]

    def grow(position: int) -> None:
        if position == PART * 2:
            world.web.file.content = film(SIZE + 1)

    world.web.on_piece = grow
    assert world.run() is Ending.FETCHED
    assert world.stored() == film(SIZE + 1)


def test_a_file_that_keeps_changing_is_refused() -> None:
    world = FetchWorld(film(SIZE))
    world.web.cuts = [PART * 2] * 9

    def change(position: int) -> None:
        if position == PART * 2:
            world.web.file.validator = f'"{len(world.web.opened)}"'

    world.web.on_piece = change
    assert world.run() is Ending.REFUSED
    world.assert_refused(SourceChanged.code)
    assert len(world.web.opened) == 4


def test_three_parts_in_memory_at_most() -> None:
    """The bucket takes nothing in before the reader has stopped for lack of room, or has gone too far."""
    world = FetchWorld(film(8 * PART))
    full, too_far = threading.Event(), threading.Event()
    ahead, stored = [0], [0]
    put = world.objects.put_part

    def slow(*arguments: object) -> None:
        assert full.wait(timeout=60)
        too_far.wait(timeout=0.1)
        put(*arguments)  # type: ignore[arg-type]
        stored[0] += PART

    def look(position: int) -> None:
        ahead[0] = max(ahead[0], position - stored[0])
        if position >= 3 * PART:
            full.set()
        if position - stored[0] > 3 * PART:
            too_far.set()

    world.objects.put_part = slow  # type: ignore[method-assign]
    world.web.on_piece = look
    assert world.run() is Ending.FETCHED
    assert stored[0] == 8 * PART and ahead[0] == 3 * PART
