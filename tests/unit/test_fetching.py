"""A fetch over fakes: every byte once and in its place, whatever the source does; or a refusal that leaves nothing."""

import dataclasses
from contextlib import suppress

import pytest

from sluice.domain.errors import ProviderFailure, UrlNotAllowed
from sluice.domain.intake import IntakeRules, Quotas
from sluice.domain.parts import MIB
from sluice.domain.source_errors import SourceRefused
from sluice.domain.states import AssetState, UploadState
from sluice.service.completion import complete_upload
from sluice.service.fetching import Ending
from sluice.service.ports import Count
from tests.unit.fetch_world import PART, FetchWorld, film


def test_the_file_goes_the_way_of_an_upload() -> None:
    world = FetchWorld(film(20 * MIB))
    assert world.run() is Ending.FETCHED
    upload = world.upload
    assert upload.state is UploadState.COMPLETING
    assert (upload.size_bytes, upload.held_bytes, upload.part_size) == (20 * MIB, 20 * MIB, PART)
    assert upload.content_type == "video/mp4"
    assert world.stored() == world.web.file.content
    assert world.queue.sent == [(upload.tenant_id, upload.id)]
    assert world.asset.state is AssetState.INGESTING and world.events() == ["asset.updated"]
    assert world.records.usage(upload.tenant_id, None).open_bytes == 20 * MIB
    assert world.web.sent_headers == [{"Authorization": "Bearer x"}]


@pytest.mark.parametrize("size", [1, PART - 1, PART, PART + 1, 2 * PART])
@pytest.mark.parametrize("declares", [True, False])
def test_files_that_end_near_a_part(size: int, declares: bool) -> None:
    world = FetchWorld(film(size), rules=IntakeRules(max_bytes=10**9))
    world.web.file.declares_length = declares
    assert world.run() is Ending.FETCHED
    assert world.stored() == film(size)
    assert world.upload.size_bytes == world.upload.held_bytes == size
    sizes = [part.size for part in world.objects.parts(world.upload.key, world.upload.multipart_id)]
    assert sizes == [PART] * (size // PART) + ([size % PART] if size % PART else [])


def test_a_fetch_again_is_nothing() -> None:
    world = FetchWorld()
    world.run()
    before = world.upload
    assert world.run() is Ending.NOTHING_TO_DO
    assert world.upload == before and len(world.web.opened) == 1


def test_an_upload_that_was_given_up_is_left_alone() -> None:
    world = FetchWorld()
    world.abort()
    assert world.run() is Ending.NOTHING_TO_DO
    assert world.web.opened == [] and world.upload.state is UploadState.ABORTED


@pytest.mark.parametrize("frees_parts", [True, False])
def test_a_fetch_that_nobody_wants_any_more_stops_and_leaves_nothing(frees_parts: bool) -> None:
    world = FetchWorld()
    world.web.seconds_per_piece = 3

    def give_up(position: int) -> None:
        if position > PART and world.upload.state is UploadState.OPEN:
            world.abort(frees_parts=frees_parts)

    world.web.on_piece = give_up
    assert world.run() is Ending.NOTHING_TO_DO
    assert world.objects.open == {} and world.queue.sent == []
    assert world.upload.state is UploadState.ABORTED and world.asset.state is AssetState.DELETED


def test_progress_is_told_while_it_runs() -> None:
    world = FetchWorld()
    world.web.seconds_per_piece = 1
    seen = list[tuple[int, int | None]]()

    def look(_position: int) -> None:
        if world.progress and (not seen or world.progress.received_bytes != seen[-1][0]):
            seen.append((world.progress.received_bytes, world.progress.total_bytes))

    world.web.on_piece = look
    world.run()
    assert len(seen) > 5 and seen == sorted(seen) and {total for _, total in seen} == {20 * MIB}


@pytest.mark.parametrize("declares", [True, False])
def test_progress_ends_at_the_files_size(declares: bool) -> None:
    world = FetchWorld()
    world.web.file.declares_length = declares
    world.run()
    assert world.progress is not None
    assert (world.progress.received_bytes, world.progress.total_bytes) == (20 * MIB, 20 * MIB)


class TestRefusals:
    def test_larger_than_its_policy_takes(self) -> None:
        world = FetchWorld(rules=IntakeRules(max_bytes=20 * MIB - 1))
        assert world.run() is Ending.REFUSED
        world.assert_refused("upload_too_large")
        assert world.objects.bodies == {}

    def test_larger_than_can_be_transcoded(self) -> None:
        world = FetchWorld()
        world.limit(max_bytes=20 * MIB - 1)
        world.run()
        world.assert_refused("upload_too_large")
        stored_only = FetchWorld(transcode="none")
        stored_only.limit(max_bytes=20 * MIB - 1)
        assert stored_only.run() is Ending.FETCHED

    def test_an_endless_body_ends_at_the_cap(self) -> None:
        world = FetchWorld(film(40 * MIB), rules=IntakeRules(max_bytes=20 * MIB))
        world.web.file.declares_length = False
        furthest = list[int]()
        world.web.on_piece = furthest.append
        assert world.run() is Ending.REFUSED
        world.assert_refused("upload_too_large")
        assert max(furthest) <= 20 * MIB + world.web.piece
        assert all(len(body) <= PART for body in world.objects.bodies.values())

    def test_above_the_bytes_that_may_be_open(self) -> None:
        world = FetchWorld(rules=IntakeRules(quotas=Quotas(max_open_bytes=19 * MIB)))
        world.run()
        world.assert_refused("quota_exceeded")

    def test_uploads_that_others_opened_since_do_not_count(self) -> None:
        """Under another policy: this one was let in when it was opened."""
        world = FetchWorld(rules=IntakeRules(quotas=Quotas(max_open_uploads=1)))
        world.records.commit(Count(world.upload.tenant_id, None, 5, 0))
        assert world.run() is Ending.FETCHED

    def test_above_its_creators_bytes_which_are_known_at_the_end_only(self) -> None:
        quotas = Quotas(max_open_bytes_per_creator=19 * MIB)
        world = FetchWorld(rules=IntakeRules(quotas=quotas), creator_id="ann")
        world.web.file.declares_length = False
        world.run()
        world.assert_refused("quota_exceeded")
        assert world.records.usage(world.upload.tenant_id, "ann").open_uploads == 0

    def test_an_empty_file(self) -> None:
        for declares in (True, False):
            world = FetchWorld(b"")
            world.web.file.declares_length = declares
            world.run()
            world.assert_refused("source_empty")

    @pytest.mark.parametrize("error", [SourceRefused(404), UrlNotAllowed()])
    def test_what_the_reader_refuses(self, error: SourceRefused | UrlNotAllowed) -> None:
        world = FetchWorld()
        world.web.refusal = error
        assert world.run() is Ending.REFUSED
        world.assert_refused(error.code)
        assert world.pauses == []


def test_a_task_that_was_taken_over_leaves_the_other_ones_parts_alone() -> None:
    """Two tasks at one upload: the second one opens a multipart upload of its own, and the first one sees it."""
    world = FetchWorld()
    world.web.file = dataclasses.replace(world.web.file, validator=None)

    def overtake(_position: int) -> None:
        world.web.on_piece = lambda _: None
        assert world.run() is Ending.FETCHED

    world.web.on_piece = overtake
    assert world.run() is Ending.NOTHING_TO_DO
    assert world.stored() == world.web.file.content
    assert world.upload.state is UploadState.COMPLETING and len(world.queue.sent) == 1


def test_a_task_sees_that_another_one_is_at_it() -> None:
    """The other one has only begun: the upload is still open."""
    world = FetchWorld()

    def overtake(_position: int) -> None:
        world.web.on_piece = lambda _: None
        world.objects.dies_after = 0
        with suppress(ProviderFailure):
            world.run()
        world.objects.dies_after = None

    world.web.on_piece = overtake
    assert world.run() is Ending.NOTHING_TO_DO
    assert world.upload.state is UploadState.OPEN and world.queue.sent == []
    assert list(world.objects.open) == [world.upload.multipart_id]


@pytest.mark.parametrize("harm", ["a part too few", "a part of another size"])
def test_parts_that_do_not_join_fail_a_fetched_upload(harm: str) -> None:
    """Nobody would send them again."""
    world = FetchWorld()
    world.run()
    upload = world.upload
    parts = world.objects.open[upload.multipart_id]
    if harm == "a part too few":
        del parts[2]
    else:
        parts[2] = parts[2]._replace(size=5)
    complete_upload(
        tenant_id=upload.tenant_id,
        upload_id=upload.id,
        environment="dev",
        records=world.records,
        objects=world.objects,
        new_id=world.new_id,
        now=world.now,
    )
    world.queue.sent.clear()
    world.assert_refused("upload_incomplete" if harm == "a part too few" else "upload_size_mismatch")
