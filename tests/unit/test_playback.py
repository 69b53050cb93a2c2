"""What a player gets, from the master playlist to the last segment."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import AssetNotPlayable, PlaybackDenied, PlaybackNotFound
from sluice.domain.playback_tokens import MAX_VIEWING_S, new_session
from sluice.domain.playback_urls import play_url
from sluice.domain.states import AssetState
from sluice.service.playback import DASH, HLS, Playlist, Redirect
from sluice.service.ports import Remove
from tests.fakes.edge import opens, read_signed_url
from tests.fakes.published import (
    ASSET,
    FIRST_VERSION,
    MEDIA,
    NOW,
    OTHER_PLAYBACK,
    OTHER_TENANT,
    PLAYBACK,
    SECOND_VERSION,
    SESSION,
    TENANT,
    Published,
    token_of,
    url_key,
    version,
)

KEY = url_key().public_key()
MEDIA_PREFIX = f"{MEDIA}/media/{TENANT}/{ASSET}/{FIRST_VERSION}/"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def opening(world: Published, file: str, *, ttl_s: int = 300, tenant_id: str = TENANT) -> str:
    claims = new_session(session_id=SESSION, playback_id=PLAYBACK, tenant_id=tenant_id, ttl_s=ttl_s, now=NOW)
    return play_url(MEDIA, PLAYBACK, file, world.tokens.issue(claims))


def uris(playlist: str) -> list[str]:
    """Every URI of an HLS playlist, in attributes and on lines of their own."""
    return re.findall(r'URI="([^"]+)"', playlist) + re.findall(r"^[^#\s].*$", playlist, re.MULTILINE)


def children(world: Published, master_url: str, *, at: datetime) -> dict[str, str]:
    """The playlists that a master names: file name -> absolute URL."""
    found = [urljoin(master_url, uri) for uri in uris(world.playlist(master_url, at=at))]
    return {url.partition("?")[0].rpartition("/")[2]: url for url in found}


def test_a_master_leads_to_playlists_whose_every_uri_is_signed_for_its_rendition() -> None:
    world = Published()
    found = children(world, opening(world, "master.m3u8"), at=NOW)
    assert set(found) == {"v720.m3u8", "v360.m3u8", "audio.m3u8", "v720-iframe.m3u8", "v360-iframe.m3u8"}
    for file, url in found.items():
        rendition = re.sub(r"(-iframe)?\.m3u8$", "", file)
        signed = [read_signed_url(uri, KEY) for uri in uris(world.playlist(url, at=NOW))]
        names = [one.url.removeprefix(f"{MEDIA_PREFIX}{rendition}/") for one in signed]
        assert names == ["init.mp4", "seg-00001.m4s", "seg-00002.m4s"]
        assert {one.resource for one in signed} == {f"{MEDIA_PREFIX}{rendition}/*"}


def test_playlists_keep_everything_else_that_packager_wrote() -> None:
    world = Published()
    found = children(world, opening(world, "master.m3u8"), at=NOW)
    text = world.playlist(found["v720-iframe.m3u8"], at=NOW)
    stored = world.files.files[f"{version().playlists_prefix}v720-iframe.m3u8"]
    assert re.sub(rf"{re.escape(MEDIA_PREFIX)}(v720/[a-z0-9.-]+)\?[^\"\n]+", r"\1", text) == stored


def test_renditions_can_be_switched_after_the_session_has_expired() -> None:
    world = Published(duration_s=12)
    master = opening(world, "master.m3u8", ttl_s=60)
    found = children(world, master, at=after(59))
    assert world.playlist(found["v720.m3u8"], at=after(59))
    with pytest.raises(PlaybackDenied):
        world.fetch(master, at=after(60))
    late = after(600)
    switched = uris(world.playlist(found["v360.m3u8"], at=late))
    assert opens(switched[-1], KEY, at=late)


def test_everything_ends_at_the_finish() -> None:
    world = Published(duration_s=12)
    found = children(world, opening(world, "master.m3u8", ttl_s=60), at=NOW)
    finish_s = 2 * 12 + 600 + 0.5  # to the next full second
    last_segment = uris(world.playlist(found["v720.m3u8"], at=after(finish_s - 0.1)))[-1]
    assert opens(last_segment, KEY, at=after(finish_s - 0.1))
    assert not opens(last_segment, KEY, at=after(finish_s))
    with pytest.raises(PlaybackDenied):
        world.fetch(found["v720.m3u8"], at=after(finish_s))


@given(
    duration_s=st.floats(0.1, 100_000),
    ttl_s=st.integers(60, 900),
    watched=st.floats(0, 1),
    file=st.sampled_from(["v720.m3u8", "audio.m3u8", "v360-iframe.m3u8"]),
)
def test_the_last_segment_can_be_fetched_while_the_video_plays(
    duration_s: float, ttl_s: int, watched: float, file: str
) -> None:
    """Played twice through with ten minutes of pauses, up to a day; whatever time the session was opened for."""
    world = Published(duration_s=duration_s)
    opened = after(ttl_s - 1)
    found = children(world, opening(world, "master.m3u8", ttl_s=ttl_s), at=opened)
    viewing_s = min(max(ttl_s, 2 * duration_s + 600), MAX_VIEWING_S - 1)
    moment = opened + timedelta(seconds=max(0.0, watched * viewing_s - 0.001))
    assert opens(uris(world.playlist(found[file], at=moment))[-1], KEY, at=moment)


def test_a_signature_opens_one_rendition_of_one_version_only() -> None:
    world = Published()
    found = children(world, opening(world, "master.m3u8"), at=NOW)
    segment = uris(world.playlist(found["v360.m3u8"], at=NOW))[-1]
    assert opens(segment, KEY, at=NOW)
    for other in (
        segment.replace("/v360/", "/v720/"),
        segment.replace(FIRST_VERSION, SECOND_VERSION),
        segment.replace(TENANT, OTHER_TENANT),
        segment.replace("/media/", "/playlists/"),
        segment.replace("https://", "http://"),
        segment.replace("SHA256", "SHA256&x=1"),
    ):
        assert other != segment
        assert not opens(other, KEY, at=NOW)


def test_a_republish_does_not_mix_versions() -> None:
    world = Published()
    master = opening(world, "master.m3u8")
    before = children(world, master, at=NOW)
    world.add_version(version(SECOND_VERSION), segments=3)
    world.change_asset(active_version=SECOND_VERSION)
    for url in before.values():
        text = world.playlist(url, at=after(10))
        assert FIRST_VERSION in text
        assert SECOND_VERSION not in text
    text = world.playlist(children(world, master, at=after(10))["v720.m3u8"], at=after(10))
    assert SECOND_VERSION in text
    assert "seg-00003.m4s" in text


def test_a_manifest_signs_initialization_and_media_of_each_representation() -> None:
    world = Published()
    answer = world.fetch(opening(world, "manifest.mpd"), at=NOW)
    assert isinstance(answer, Playlist)
    assert answer.content_type == DASH
    dash = {"d": "urn:mpeg:dash:schema:mpd:2011"}
    representations = ET.fromstring(answer.body).findall(".//d:Representation", dash)  # noqa: S314  # our own text
    assert len(representations) == 3
    for representation, name in zip(representations, ["v720", "v360", "audio"], strict=True):
        base = representation.findtext("d:BaseURL", namespaces=dash)
        template = representation.find("d:SegmentTemplate", dash)
        assert base == f"{MEDIA_PREFIX}{name}/"
        assert template is not None
        assert template.attrib["media"].startswith("seg-$Number%05d$.m4s?Policy=")
        for attribute in ("initialization", "media"):
            url = urljoin(base, template.attrib[attribute].replace("$Number%05d$", "00002"))
            assert opens(url, KEY, at=after(623))
            assert read_signed_url(url, KEY).resource == f"{base}*"


def test_a_manifest_cannot_be_opened_after_the_session_has_expired() -> None:
    world = Published()
    with pytest.raises(PlaybackDenied):
        world.fetch(opening(world, "manifest.mpd", ttl_s=60), at=after(60))


def test_a_poster_is_a_redirect_to_the_signed_picture() -> None:
    world = Published()
    answer = world.fetch(opening(world, "poster.jpg"), at=NOW)
    assert isinstance(answer, Redirect)
    signed = read_signed_url(answer.location, KEY)
    assert signed.url == signed.resource == f"{MEDIA_PREFIX}poster.jpg"
    assert opens(answer.location, KEY, at=after(299))
    with pytest.raises(PlaybackDenied):
        world.fetch(opening(world, "poster.jpg", ttl_s=60), at=after(60))


def test_sound_alone_has_no_poster() -> None:
    world = Published(poster=False)
    with pytest.raises(PlaybackNotFound):
        world.fetch(opening(world, "poster.jpg"), at=NOW)


@pytest.mark.parametrize("file", ["v1080.m3u8", "audio-iframe.m3u8", "-iframe.m3u8", "v720-iframe-iframe.m3u8"])
def test_a_rendition_that_the_version_does_not_have_is_not_found(file: str) -> None:
    """The version row decides: in the bucket a missing file would look like a fault of ours."""
    world = Published()
    found = children(world, opening(world, "master.m3u8"), at=NOW)
    world.files.files[version().playlists_prefix + file] = "#EXTM3U\n"
    with pytest.raises(PlaybackNotFound):
        world.fetch(found["v720.m3u8"].replace("v720.m3u8", file), at=NOW)


def test_a_session_token_opens_no_rendition_and_a_child_token_no_master() -> None:
    world = Published()
    master = opening(world, "master.m3u8")
    child = children(world, master, at=NOW)["v720.m3u8"]
    with pytest.raises(PlaybackDenied):
        world.fetch(play_url(MEDIA, PLAYBACK, "v720.m3u8", token_of(master)), at=NOW)
    for file in ("master.m3u8", "manifest.mpd", "poster.jpg"):
        with pytest.raises(PlaybackDenied):
            world.fetch(play_url(MEDIA, PLAYBACK, file, token_of(child)), at=NOW)


@pytest.mark.parametrize("file", ["master.m3u8", "v720.m3u8"])
def test_a_token_of_another_playback_is_denied(file: str) -> None:
    world = Published()
    with pytest.raises(PlaybackDenied):
        world.fetch(opening(world, file).replace(PLAYBACK, OTHER_PLAYBACK, 1), at=NOW)


def test_a_token_that_names_another_tenant_finds_nothing() -> None:
    world = Published()
    with pytest.raises(PlaybackNotFound):
        world.fetch(opening(world, "master.m3u8", tenant_id=OTHER_TENANT), at=NOW)


def test_a_deleted_asset_stops_at_the_next_playlist() -> None:
    world = Published()
    master = opening(world, "master.m3u8")
    found = children(world, master, at=NOW)
    world.change_asset(state=AssetState.DELETED)
    for url in (master, *found.values()):
        with pytest.raises(PlaybackNotFound):
            world.fetch(url, at=NOW)


def test_a_version_that_is_gone_is_not_found() -> None:
    world = Published()
    found = children(world, opening(world, "master.m3u8"), at=NOW)
    world.records.commit(Remove(version()))
    with pytest.raises(PlaybackNotFound):
        world.fetch(found["v720.m3u8"], at=NOW)


def test_an_archived_asset_cannot_be_opened() -> None:
    world = Published()
    world.change_asset(state=AssetState.ARCHIVED)
    with pytest.raises(AssetNotPlayable):
        world.fetch(opening(world, "master.m3u8"), at=NOW)


def test_hls_has_its_own_media_type() -> None:
    world = Published()
    answer = world.fetch(opening(world, "master.m3u8"), at=NOW)
    assert isinstance(answer, Playlist)
    assert answer.content_type == HLS
