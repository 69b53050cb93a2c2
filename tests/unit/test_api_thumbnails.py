"""Posters over HTTP: asked for, listed, taken back, and refused where they cannot be."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluice.domain.models import Rendition
from sluice.service.ports import Replace
from tests.fakes.published import ASSET, OTHER_TENANT, version
from tests.unit.thumbnail_world import JPEG, PATH, ThumbnailWorld

PICTURE = {"size_bytes": len(JPEG), "content_type": "image/jpeg"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ThumbnailWorld:
    return ThumbnailWorld(tmp_path, monkeypatch)


def test_a_frame_is_asked_for_and_its_function_called(world: ThumbnailWorld) -> None:
    status, body, headers = world.call("POST", body={"time_s": 2.5})
    assert status == 201
    assert (body["asset_id"], body["source"], body["time_s"], body["state"]) == (ASSET, "time", 2.5, "pending")
    assert (body["error"], body["upload"]) == (None, None)
    assert headers["Location"] == f"{PATH}/{body['thumbnail_id']}"
    assert world.maker.started == [body["thumbnail_id"]]


def test_a_picture_is_announced_and_nothing_is_called_before_it_is_there(world: ThumbnailWorld) -> None:
    status, body, _ = world.call("POST", body=PICTURE)
    assert (status, body["source"], body["time_s"]) == (201, "upload", None)
    assert body["upload"]["url"].endswith(
        f"/thumbnails/{world.asset.tenant_id}/{ASSET}/{body['thumbnail_id']}?length=14"
    )
    assert body["upload"]["headers"] == {"content-type": "image/jpeg"}
    assert world.maker.started == []
    read, shown, _ = world.call("GET", f"/{body['thumbnail_id']}")
    assert read == 200 and "upload" not in shown  # a URL that writes is told to who asked for it alone


def test_a_repetition_answers_with_the_same_thumbnail_and_a_place_that_is_still_open(world: ThumbnailWorld) -> None:
    _, first, _ = world.call("POST", body=PICTURE, key="once")
    status, again, headers = world.call("POST", body=PICTURE, key="once")
    assert (status, headers["Idempotent-Replayed"], again) == (201, "true", first)
    world.now.tick(minutes=15)
    _, late, _ = world.call("POST", body=PICTURE, key="once")
    assert (late["thumbnail_id"], late["upload"]) == (first["thumbnail_id"], None)
    assert world.call("POST", body={"time_s": 1}, key="once")[1]["code"] == "idempotency_key_reused"


def test_a_function_that_cannot_be_called_is_no_error_to_the_caller(world: ThumbnailWorld) -> None:
    world.maker.down = True
    assert world.call("POST", body={"time_s": 1})[0] == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"time_s": -1},
        {"time_s": 1, **PICTURE},
        {"size_bytes": 14},
        {"content_type": "image/jpeg"},
        {"size_bytes": 10_000_001, "content_type": "image/jpeg"},
        {"size_bytes": 0, "content_type": "image/jpeg"},
        {"size_bytes": 14, "content_type": "image/svg+xml"},
        {"time_s": 1, "url": "https://example.com/a.jpg"},
    ],
)
def test_any_other_form_is_refused(world: ThumbnailWorld, body: dict[str, Any]) -> None:
    status, answer, _ = world.call("POST", body=body)
    assert (status, answer["code"]) == (422, "invalid_request")


def test_a_time_behind_the_end_is_refused_at_once(world: ThumbnailWorld) -> None:
    assert world.call("POST", body={"time_s": 11.99})[0] == 201
    status, answer, _ = world.call("POST", body={"time_s": 12})
    assert (status, answer["code"]) == (422, "time_beyond_end")
    assert answer["detail"] == "The video is 12.000 s long."


def test_what_cannot_be_played_has_no_frames_but_takes_a_picture(world: ThumbnailWorld) -> None:
    world.published.change_asset(playable=False, active_version=None)
    status, answer, _ = world.call("POST", body={"time_s": 1})
    assert (status, answer["code"]) == (409, "asset_not_playable")
    assert world.call("POST", body=PICTURE)[0] == 201


def test_sound_alone_has_no_frames(world: ThumbnailWorld) -> None:
    sound = Rendition(name="audio", kind="audio", codec="mp4a.40.2", bitrate=128_000)
    world.records.commit(Replace(version().model_copy(update={"renditions": (sound,), "version": 2})))
    status, answer, _ = world.call("POST", body={"time_s": 1})
    assert (status, answer["code"]) == (409, "asset_without_picture")


def test_a_foreign_asset_is_an_unknown_one(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    for method, path, body in (("POST", "", {"time_s": 1}), ("GET", "", None), ("DELETE", f"/{made}", None)):
        status, answer, _ = world.call(method, path, body=body, tenant=OTHER_TENANT)
        assert (status, answer["code"]) == (404, "asset_not_found")
    assert world.call("GET", "/thm_00000000000000000000000000")[1]["code"] == "thumbnail_not_found"


def test_they_are_listed_newest_first_page_by_page(world: ThumbnailWorld) -> None:
    made = [world.ask(number) for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        _, page, _ = world.call("GET", limit="2", **({"cursor": cursor} if cursor else {}))
        seen += [one["thumbnail_id"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]


def test_deleting_what_is_shown_brings_the_automatic_poster_back(world: ThumbnailWorld) -> None:
    older, newer = world.ask(1), world.ask(2)
    for made in (older, newer):
        world.make(made)
    assert world.asset.thumbnail_id == newer
    assert world.call("DELETE", f"/{older}")[0] == 204  # it is not shown
    assert world.asset.thumbnail_id == newer
    assert world.call("DELETE", f"/{newer}")[0] == 204
    assert world.asset.thumbnail_id is None
    assert [kind for kind, _ in world.told()] == ["thumbnail.ready", "thumbnail.ready", "asset.updated"]
    assert world.call("DELETE", f"/{newer}")[0] == 404


def test_what_was_deleted_before_it_was_made_is_never_shown(world: ThumbnailWorld) -> None:
    made = world.ask(1)
    world.call("DELETE", f"/{made}")
    world.make(made)
    assert (world.asset.thumbnail_id, world.told(), world.media.objects) == (None, [], {})


def test_an_older_request_does_not_come_back_after_the_shown_one_was_deleted(world: ThumbnailWorld) -> None:
    slow, quick = world.ask(1), world.ask(2)
    world.make(quick)
    world.call("DELETE", f"/{quick}")
    world.make(slow)
    assert world.asset.thumbnail_id is None
    assert timedelta(0) < world.thumbnail(slow).deadline - world.now()
