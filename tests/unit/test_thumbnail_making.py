"""How thumbnails end: what is read and written, who wins, what is told, and that a second call does no harm."""

from dataclasses import replace
from pathlib import Path

import pytest

from functions.make_thumbnail import handler
from sluice.domain.errors import ErrorClass, ProviderFailure
from sluice.domain.states import AssetState
from sluice.domain.thumbnails import thumbnail_key
from sluice.domain.tools import ToolLimitExceeded, ToolOutput
from sluice.service.ports import StoredObject
from sluice.service.thumbnail_making import make_thumbnail
from sluice.service.thumbnail_watch import check_thumbnail
from tests.fakes.gateway import LambdaContext
from tests.fakes.published import ASSET, TENANT, version
from tests.fakes.uploads_bucket import FakeUploadObjects
from tests.unit.thumbnail_world import ThumbnailWorld


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ThumbnailWorld:
    return ThumbnailWorld(tmp_path, monkeypatch)


def stored(world: ThumbnailWorld, thumbnail_id: str) -> bytes:
    return world.media.objects[thumbnail_key(TENANT, ASSET, thumbnail_id)].body


def test_a_frame_comes_from_the_segment_that_holds_it_and_no_more_is_read(world: ThumbnailWorld) -> None:
    made = world.ask(7.5)
    read: list[str] = []
    world.stored.on_download = lambda: read.append("object")
    world.make(made)
    assert stored(world, made) == b"JPEG of <init.mp4><seg-00002.m4s>"
    assert len(read) == 3  # the playlist, the initialization, one segment
    assert "start_time=1.500000" in " ".join(world.program.tasks[0].argv)
    [(_, published)] = world.asked_for
    assert published is not None
    assert published.playlist == f"{version().playlists_prefix}v720.m3u8"
    assert published.prefix == f"{version().media_prefix}v720/"


def test_a_picture_that_was_sent_is_encoded_anew(world: ThumbnailWorld) -> None:
    made = world.ask()
    world.make(made)
    assert stored(world, made).startswith(b"JPEG of \xff\xd8\xff")
    assert world.asked_for == [(made, None)]
    kept = world.media.objects[thumbnail_key(TENANT, ASSET, made)]
    assert (kept.content_type, "immutable" in kept.cache_control) == ("image/jpeg", True)


def test_it_is_shown_and_told_in_one_transaction(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    world.make(made)
    assert (world.thumbnail(made).state, world.asset.thumbnail_id) == ("ready", made)
    [(kind, data)] = world.told()
    assert (kind, data["thumbnail_id"], data["shown"], data["error"]) == ("thumbnail.ready", made, True, None)


def test_the_later_request_wins_and_not_the_slower_worker(world: ThumbnailWorld) -> None:
    first, second = world.ask(1), world.ask()
    world.make(second)
    world.make(first)
    assert world.asset.thumbnail_id == second
    assert world.thumbnail(first).state == "ready"
    assert [(data["thumbnail_id"], data["shown"]) for _, data in world.told()] == [(second, True), (first, False)]


def test_a_later_request_that_fails_leaves_the_earlier_one(world: ThumbnailWorld) -> None:
    first, second = world.ask(1), world.ask()
    world.sent.objects[world.thumbnail(second).upload_key] = b"GIF89a"
    world.make(second)
    world.make(first)
    assert world.asset.thumbnail_id == first
    failed, ready = world.told()
    assert (failed[0], failed[1]["error"]["code"], failed[1]["shown"]) == (
        "thumbnail.failed",
        "input.not_picture",
        False,
    )
    assert ready[0] == "thumbnail.ready"


def test_a_doubled_call_changes_nothing(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    world.make(made)
    row, asset = world.thumbnail(made), world.asset
    world.make(made)
    assert (world.thumbnail(made), world.asset, len(world.program.tasks)) == (row, asset, 1)


def test_of_two_at_once_one_ends_it(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    run = world.program.run

    class Overtaken:
        def run(self, task: object, *, on_progress: object = None) -> ToolOutput:
            world.make(made)
            return run(task)  # type: ignore[arg-type]

    make_thumbnail(tenant_id=TENANT, asset_id=ASSET, thumbnail_id=made, deps=replace(world.deps, tools=Overtaken()))
    assert [kind for kind, _ in world.told()] == ["thumbnail.ready"]


@pytest.mark.parametrize(
    ("stderr", "code"),
    [
        ("Picture size 16000x16000 exceeds specified max pixel count 35389440", "input.picture_too_large"),
        ("Cannot allocate memory", "input.picture_too_complex"),
        ("Invalid data found when processing input", "input.not_picture"),
    ],
)
def test_a_picture_that_the_program_refuses_has_failed(world: ThumbnailWorld, stderr: str, code: str) -> None:
    made = world.ask()
    world.program.answer = ToolOutput(69, "", stderr, 0.1, 1, "seccomp")
    world.make(made)
    error = world.thumbnail(made).error
    assert error is not None and (error.code, error.error_class, error.retryable) == (code, ErrorClass.INPUT, False)


def test_a_picture_that_takes_too_long_has_failed(world: ThumbnailWorld) -> None:
    made = world.ask()

    class Endless:
        def run(self, task: object, *, on_progress: object = None) -> ToolOutput:
            raise ToolLimitExceeded

    make_thumbnail(tenant_id=TENANT, asset_id=ASSET, thumbnail_id=made, deps=replace(world.deps, tools=Endless()))
    error = world.thumbnail(made).error
    assert error is not None and error.code == "input.picture_too_complex"


def test_our_own_faults_are_tried_again(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    world.media.fail_on = made
    with pytest.raises(ProviderFailure):
        world.make(made)
    assert (world.thumbnail(made).state, world.told()) == ("pending", [])
    world.media.fail_on = None
    world.make(made)
    assert world.asset.thumbnail_id == made


def test_of_an_asset_that_was_deleted_nothing_is_made(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    world.published.change_asset(state=AssetState.DELETED)
    world.make(made)
    assert world.media.objects == {}


def test_the_function_takes_calls_and_events_of_s3(world: ThumbnailWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "deps", lambda: world.deps)
    frame, picture = world.ask(1), world.ask()
    call = {"tenant_id": TENANT, "asset_id": ASSET, "thumbnail_id": frame}
    key = world.thumbnail(picture).upload_key
    foreign = {"detail": {"object": {"key": "uploads/a/b"}}}
    for event in (call, {"detail": {"object": {"key": key}}}, foreign):
        handler.lambda_handler(event, LambdaContext())  # type: ignore[arg-type]
    assert {world.thumbnail(one).state for one in (frame, picture)} == {"ready"}
    world.media.fail_on = "media/"
    call["thumbnail_id"] = world.ask(2)
    with pytest.raises(ProviderFailure):  # Lambda repeats the call, and keeps what fails
        handler.lambda_handler(call, LambdaContext())  # type: ignore[arg-type]


def watch(world: ThumbnailWorld, thumbnail_id: str, *, sent: bool) -> None:
    objects, thumbnail = FakeUploadObjects(), world.thumbnail(thumbnail_id)
    if sent:
        objects.objects[thumbnail.upload_key] = StoredObject(14, "etag")
    check_thumbnail(thumbnail, objects=objects, maker=world.maker, ports=world.deps)


def test_a_lost_call_or_event_is_made_up_for(world: ThumbnailWorld) -> None:
    world.maker.down = True
    frame, picture, never_sent = world.ask(1), world.ask(), world.ask()
    world.maker.down = False
    for one, sent in ((frame, False), (picture, True), (never_sent, False)):
        watch(world, one, sent=sent)
    assert world.maker.started == [frame, picture]
    assert world.thumbnail(never_sent).state == "pending"


@pytest.mark.parametrize(
    ("time_s", "sent", "code"),
    [
        (None, False, "input.picture_not_sent"),
        (None, True, "thumbnail.timed_out"),
        (1.0, False, "thumbnail.timed_out"),
    ],
)
def test_after_half_an_hour_it_has_failed(world: ThumbnailWorld, time_s: float | None, sent: bool, code: str) -> None:
    made = world.ask(time_s)
    world.now.tick(minutes=30)
    watch(world, made, sent=sent)
    [(kind, data)] = world.told()
    assert (kind, data["error"]["code"], world.asset.thumbnail_id) == ("thumbnail.failed", code, None)
    watch(world, made, sent=sent)
    assert len(world.told()) == 1
