"""Who gets nothing: wrong tokens, foreign ids, and what no longer exists."""

import pytest

from sluice.domain.errors import AssetNotPlayable, PlaybackDenied, PlaybackNotFound
from sluice.domain.models import Review
from sluice.domain.playback_urls import play_url
from sluice.domain.states import AssetState
from sluice.service.ports import Remove
from tests.fakes.published import MEDIA, NOW, OTHER_PLAYBACK, OTHER_TENANT, PLAYBACK, Published, token_of, version


@pytest.mark.parametrize("file", ["v1080.m3u8", "audio-iframe.m3u8", "-iframe.m3u8", "v720-iframe-iframe.m3u8"])
def test_a_rendition_that_the_version_does_not_have_is_not_found(file: str) -> None:
    """The version row decides: in the bucket a missing file would look like a fault of ours."""
    world = Published()
    found = world.children(world.opening("master.m3u8"), at=NOW)
    world.files.files[version().playlists_prefix + file] = "#EXTM3U\n"
    with pytest.raises(PlaybackNotFound):
        world.fetch(found["v720.m3u8"].replace("v720.m3u8", file), at=NOW)


def test_a_session_token_opens_no_rendition_and_a_child_token_no_master() -> None:
    world = Published()
    master = world.opening("master.m3u8")
    child = world.children(master, at=NOW)["v720.m3u8"]
    with pytest.raises(PlaybackDenied):
        world.fetch(play_url(MEDIA, PLAYBACK, "v720.m3u8", token_of(master)), at=NOW)
    for file in ("master.m3u8", "manifest.mpd", "poster.jpg"):
        with pytest.raises(PlaybackDenied):
            world.fetch(play_url(MEDIA, PLAYBACK, file, token_of(child)), at=NOW)


@pytest.mark.parametrize("file", ["master.m3u8", "v720.m3u8"])
def test_a_token_of_another_playback_is_denied(file: str) -> None:
    world = Published()
    with pytest.raises(PlaybackDenied):
        world.fetch(world.opening(file).replace(PLAYBACK, OTHER_PLAYBACK, 1), at=NOW)


def test_a_token_that_names_another_tenant_finds_nothing() -> None:
    world = Published()
    with pytest.raises(PlaybackNotFound):
        world.fetch(world.opening("master.m3u8", tenant_id=OTHER_TENANT), at=NOW)


def test_a_deleted_asset_stops_at_the_next_playlist() -> None:
    world = Published()
    master = world.opening("master.m3u8")
    found = world.children(master, at=NOW)
    world.change_asset(state=AssetState.DELETED)
    for url in (master, *found.values()):
        with pytest.raises(PlaybackNotFound):
            world.fetch(url, at=NOW)


@pytest.mark.parametrize("review", [Review.REJECTED, Review.PENDING])
def test_a_rejected_asset_stops_at_the_next_playlist_of_sessions_that_are_open(review: Review) -> None:
    world = Published()
    world.change_asset(review=Review.APPROVED)
    openings = [world.opening(file) for file in ("master.m3u8", "manifest.mpd", "poster.jpg")]
    urls = [*openings, *world.children(openings[0], at=NOW).values()]
    assert all(world.fetch(url, at=NOW) for url in urls)
    world.change_asset(review=review)
    for url in urls:
        with pytest.raises(AssetNotPlayable):
            world.fetch(url, at=NOW)
    world.change_asset(review=Review.APPROVED)
    assert all(world.fetch(url, at=NOW) for url in urls)


def test_a_version_that_is_gone_is_not_found() -> None:
    world = Published()
    found = world.children(world.opening("master.m3u8"), at=NOW)
    world.records.commit(Remove(version()))
    with pytest.raises(PlaybackNotFound):
        world.fetch(found["v720.m3u8"], at=NOW)


def test_an_archived_asset_cannot_be_opened() -> None:
    world = Published()
    world.change_asset(state=AssetState.ARCHIVED)
    with pytest.raises(AssetNotPlayable):
        world.fetch(world.opening("master.m3u8"), at=NOW)
