"""What a player gets, from the master playlist to the last segment."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import PlaybackDenied, PlaybackNotFound
from sluice.domain.pictures import ChosenPoster
from sluice.domain.playback_tokens import MAX_VIEWING_S
from sluice.service.playback import DASH, HLS, Playlist, Redirect
from tests.fakes.edge import opens, read_signed_url
from tests.fakes.published import (
    ASSET,
    FIRST_VERSION,
    MEDIA,
    NOW,
    OTHER_TENANT,
    SECOND_VERSION,
    TENANT,
    Published,
    uris,
    url_key,
    version,
)

KEY = url_key().public_key()
MEDIA_PREFIX = f"{MEDIA}/media/{TENANT}/{ASSET}/{FIRST_VERSION}/"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_master_leads_to_playlists_whose_every_uri_is_signed_for_its_rendition() -> None:
    world = Published()
    found = world.children(world.opening("master.m3u8"), at=NOW)
    assert set(found) == {"v720.m3u8", "v360.m3u8", "audio.m3u8", "v720-iframe.m3u8", "v360-iframe.m3u8"}
    for file, url in found.items():
        rendition = re.sub(r"(-iframe)?\.m3u8$", "", file)
        signed = [read_signed_url(uri, KEY) for uri in uris(world.playlist(url, at=NOW))]
        names = [one.url.removeprefix(f"{MEDIA_PREFIX}{rendition}/") for one in signed]
        assert names == ["init.mp4", "seg-00001.m4s", "seg-00002.m4s"]
        assert {one.resource for one in signed} == {f"{MEDIA_PREFIX}{rendition}/*"}


def test_playlists_keep_everything_else_that_packager_wrote() -> None:
    world = Published()
    found = world.children(world.opening("master.m3u8"), at=NOW)
    text = world.playlist(found["v720-iframe.m3u8"], at=NOW)
    stored = world.files.files[f"{version().playlists_prefix}v720-iframe.m3u8"]
    assert re.sub(rf"{re.escape(MEDIA_PREFIX)}(v720/[a-z0-9.-]+)\?[^\"\n]+", r"\1", text) == stored


def test_renditions_can_be_switched_after_the_session_has_expired() -> None:
    world = Published(duration_s=12)
    master = world.opening("master.m3u8", ttl_s=60)
    found = world.children(master, at=after(59))
    assert world.playlist(found["v720.m3u8"], at=after(59))
    with pytest.raises(PlaybackDenied):
        world.fetch(master, at=after(60))
    late = after(600)
    switched = uris(world.playlist(found["v360.m3u8"], at=late))
    assert opens(switched[-1], KEY, at=late)


def test_everything_ends_at_the_finish() -> None:
    world = Published(duration_s=12)
    found = world.children(world.opening("master.m3u8", ttl_s=60), at=NOW)
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
    found = world.children(world.opening("master.m3u8", ttl_s=ttl_s), at=opened)
    viewing_s = min(max(ttl_s, 2 * duration_s + 600), MAX_VIEWING_S - 1)
    moment = opened + timedelta(seconds=max(0.0, watched * viewing_s - 0.001))
    assert opens(uris(world.playlist(found[file], at=moment))[-1], KEY, at=moment)


def test_a_signature_opens_one_rendition_of_one_version_only() -> None:
    world = Published()
    found = world.children(world.opening("master.m3u8"), at=NOW)
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
    master = world.opening("master.m3u8")
    before = world.children(master, at=NOW)
    world.add_version(version(SECOND_VERSION), segments=3)
    world.change_asset(active_version=SECOND_VERSION)
    for url in before.values():
        text = world.playlist(url, at=after(10))
        assert FIRST_VERSION in text
        assert SECOND_VERSION not in text
    text = world.playlist(world.children(master, at=after(10))["v720.m3u8"], at=after(10))
    assert SECOND_VERSION in text
    assert "seg-00003.m4s" in text


def test_a_manifest_signs_initialization_and_media_of_each_representation() -> None:
    world = Published()
    answer = world.fetch(world.opening("manifest.mpd"), at=NOW)
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
        world.fetch(world.opening("manifest.mpd", ttl_s=60), at=after(60))


def test_a_poster_is_a_redirect_to_the_signed_picture() -> None:
    world = Published()
    answer = world.fetch(world.opening("poster.jpg"), at=NOW)
    assert isinstance(answer, Redirect)
    signed = read_signed_url(answer.location, KEY)
    assert signed.url == signed.resource == f"{MEDIA_PREFIX}poster.jpg"
    assert opens(answer.location, KEY, at=after(299))
    with pytest.raises(PlaybackDenied):
        world.fetch(world.opening("poster.jpg", ttl_s=60), at=after(60))


def test_a_chosen_poster_is_kept_over_versions_and_stands_for_sound_alone_too() -> None:
    chosen = ChosenPoster(thumbnail_id="thm_01kb5y0000000000000000000a", number=1)
    for world in (Published(), Published(poster=False)):
        world.change_asset(poster=chosen)
        world.add_version(version(SECOND_VERSION))
        world.change_asset(active_version=SECOND_VERSION)
        answer = world.fetch(world.opening("poster.jpg"), at=NOW)
        assert isinstance(answer, Redirect)
        signed = read_signed_url(answer.location, KEY)
        assert signed.url == signed.resource == f"{MEDIA}/media/{TENANT}/{ASSET}/{chosen.thumbnail_id}/poster.jpg"
        preview = world.fetch(world.opening("preview.mp4"), at=NOW)
        assert isinstance(preview, Redirect) and SECOND_VERSION in preview.location
        world.change_asset(poster=chosen.model_copy(update={"thumbnail_id": None}))
        automatic = world.fetch(world.opening("poster.jpg"), at=NOW)
        assert isinstance(automatic, Redirect) and SECOND_VERSION in automatic.location


def test_a_storyboard_names_signed_tiles_to_the_end_of_the_video() -> None:
    world = Published(duration_s=11.5)
    answer = world.fetch(world.opening("storyboard.vtt"), at=NOW)
    assert isinstance(answer, Playlist) and answer.content_type.startswith("text/vtt")
    head, *cues = answer.body.strip().split("\n\n")
    assert head == "WEBVTT" and len(cues) == 6
    times, place = cues[4].splitlines()
    assert times == "00:00:08.000 --> 00:00:10.000"
    url, _, rectangle = place.partition("#xywh=")
    assert rectangle == "192,0,192,108"  # the second sheet's second tile
    assert read_signed_url(url, KEY).url == f"{MEDIA_PREFIX}storyboard-002.jpg"
    assert cues[5].startswith("00:00:10.000 --> 00:00:11.500")


@pytest.mark.parametrize("file", ["preview.mp4", "preview.webp"])
def test_a_preview_is_a_redirect_to_signed_media(file: str) -> None:
    world = Published()
    answer = world.fetch(world.opening(file), at=NOW)
    assert isinstance(answer, Redirect)
    assert read_signed_url(answer.location, KEY).url == f"{MEDIA_PREFIX}{file}"


@pytest.mark.parametrize("file", ["poster.jpg", "storyboard.vtt", "preview.mp4", "preview.webp"])
def test_sound_alone_has_no_pictures(file: str) -> None:
    world = Published(poster=False)
    with pytest.raises(PlaybackNotFound):
        world.fetch(world.opening(file), at=NOW)


def test_hls_has_its_own_media_type() -> None:
    world = Published()
    answer = world.fetch(world.opening("master.m3u8"), at=NOW)
    assert isinstance(answer, Playlist)
    assert answer.content_type == HLS
