"""How many thumbnails one asset can have: in all, and at work at once."""

from pathlib import Path

import pytest

from sluice.domain.ids import Prefix
from sluice.domain.thumbnail_errors import TooManyPendingThumbnails
from sluice.domain.thumbnails import MOST_KEPT, MOST_PENDING, Thumbnail
from sluice.http.caller import Caller
from sluice.service.thumbnails import WantedPicture, create_thumbnail
from tests.fakes.published import ASSET, TENANT
from tests.unit.thumbnail_world import ThumbnailWorld


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ThumbnailWorld:
    return ThumbnailWorld(tmp_path, monkeypatch)


def refusal(world: ThumbnailWorld) -> tuple[int, str]:
    status, body, _ = world.call("POST", body={"time_s": 1})
    return status, body.get("code", "")


def pending(world: ThumbnailWorld) -> int:
    _, page, _ = world.call("GET", limit="100")
    return sum(one["state"] == "pending" for one in page["data"])


def test_five_are_pending_at_most(world: ThumbnailWorld) -> None:
    waiting = [world.ask(*time) for time in ([1.0], [2.0], [3.0], [4.0], [])]
    assert refusal(world) == (409, "too_many_pending_thumbnails")
    assert world.maker.started == waiting[:4]  # nothing was made of the one that was refused
    world.make(waiting[0])
    assert refusal(world) == (201, "")
    assert refusal(world) == (409, "too_many_pending_thumbnails")
    world.call("DELETE", f"/{waiting[1]}")
    assert refusal(world) == (201, "")


def test_fifty_are_kept_at_most(world: ThumbnailWorld) -> None:
    made = [world.ask(1.0) for _ in range(MOST_PENDING)]
    for _ in range(MOST_KEPT - MOST_PENDING):
        world.make(made[-MOST_PENDING])
        made.append(world.ask(1.0))
    for thumbnail_id in made[-MOST_PENDING:]:
        world.make(thumbnail_id)
    assert refusal(world) == (409, "thumbnail_limit_reached")
    world.call("DELETE", f"/{made[7]}")
    assert refusal(world) == (201, "")
    assert refusal(world) == (409, "thumbnail_limit_reached")


def created(world: ThumbnailWorld) -> Thumbnail:
    return create_thumbnail(
        ASSET,
        WantedPicture(time_s=1.0, size_bytes=None, content_type=None),
        thumbnail_id=world.new_id(Prefix.THUMBNAIL),
        caller=Caller(TENANT, "key_1", frozenset(), "request-1", "correlation-1", None),
        ports=world.ports,
    )


@pytest.mark.parametrize("read", ["list_thumbnails", "thumbnail_count"])
def test_of_two_requests_at_once_one_is_the_last_that_is_taken(
    world: ThumbnailWorld, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    """The other one comes right after this one has read the rows, or the number of the last of them."""
    for _ in range(MOST_PENDING - 1):
        world.ask(1.0)
    plain, others = getattr(world.records, read), []

    def overtaken(*asked: str, **how: int | None) -> object:
        found = plain(*asked, **how)
        if not others:
            others.append(None)
            others.append(created(world))
        return found

    monkeypatch.setattr(world.records, read, overtaken)
    with pytest.raises(TooManyPendingThumbnails):
        created(world)
    assert (len(others), pending(world)) == (2, MOST_PENDING)


def test_a_repetition_of_the_fifth_request_is_no_sixth(world: ThumbnailWorld) -> None:
    for _ in range(MOST_PENDING - 1):
        world.ask(1.0)
    first, again = (world.call("POST", body={"time_s": 1}, key="once") for _ in range(2))
    assert (again[0], again[1]) == (201, first[1])
    status, body, _ = world.call("POST", body={"time_s": 1}, key="another")
    assert (status, body["code"]) == (409, "too_many_pending_thumbnails")
