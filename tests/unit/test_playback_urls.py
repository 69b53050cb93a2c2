"""The strict reading of playback URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import PlaybackNotFound
from sluice.domain.playback_urls import PlayRequest, parse_play_request, play_url
from tests.fakes.published import PLAYBACK

FOLDER = f"/v1/play/{PLAYBACK}"


@pytest.mark.parametrize(
    ("file", "kind", "rendition", "iframe"),
    [
        ("master.m3u8", "master", None, False),
        ("manifest.mpd", "manifest", None, False),
        ("poster.jpg", "picture", None, False),
        ("preview.mp4", "picture", None, False),
        ("preview.webp", "picture", None, False),
        ("storyboard.vtt", "storyboard", None, False),
        ("v720.m3u8", "rendition", "v720", False),
        ("v720-iframe.m3u8", "rendition", "v720", True),
        ("audio.m3u8", "rendition", "audio", False),
    ],
)
def test_every_file_has_its_kind(file: str, kind: str, rendition: str | None, iframe: bool) -> None:
    assert parse_play_request(f"{FOLDER}/{file}", "token=a.b-c_d") == (
        PLAYBACK,
        kind,
        file,
        rendition,
        iframe,
        "a.b-c_d",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/play/",
        FOLDER,
        f"{FOLDER}/",
        f"{FOLDER}/master.mpd",
        f"{FOLDER}/manifest.m3u8.jpg",
        f"{FOLDER}/manifest.jpg",
        f"{FOLDER}/v720.mpd",
        f"{FOLDER}/../{PLAYBACK}/master.m3u8",
        f"{FOLDER}/v720/seg-00001.m4s",
        f"{FOLDER}/%6daster.m3u8",
        f"{FOLDER}/master.m3u8\n",
        f"/v1/play/{PLAYBACK[:-1]}/master.m3u8",
        f"/v1/play/{PLAYBACK.upper()}/master.m3u8",
        f"/v1/play/{PLAYBACK.replace('plb', 'ast')}/master.m3u8",
        f"/v2/play/{PLAYBACK}/master.m3u8",
        f"//v1/play/{PLAYBACK}/master.m3u8",
        f"/embed/{PLAYBACK}",
    ],
)
def test_any_other_path_is_not_found(path: str) -> None:
    with pytest.raises(PlaybackNotFound):
        parse_play_request(path, "token=good")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "token",
        "token=",
        "d=evil&x=?d=good",
        "token=good&token=good",
        "token=good&",
        "&token=good",
        "token=good&x=1",
        "x=1&token=good",
        "token=good?d=good",
        "token=evil&x=?token=good",
        "token=good=",
        "token=go%6fd",
        "token=good%26x=1",
        "%74oken=good",
        "Token=good",
        "token=good;x=1",
        "token=good+",
        "token=good\n",
        "token=gööd",
        "token=good#x",
        "token=*",
    ],
)
def test_any_other_query_is_no_token(query: str) -> None:
    assert parse_play_request(f"{FOLDER}/master.m3u8", query).token is None


@given(query=st.text(alphabet=st.sampled_from("token=&?%26ad.,_-+;/*\n"), max_size=30))
def test_a_query_is_one_safe_token_or_none(query: str) -> None:
    request = parse_play_request(f"{FOLDER}/master.m3u8", query)
    if request.token is not None:
        assert query == f"token={request.token}"
        assert request.token
        assert not set(request.token) & set("=&?%+;/*\n")


@given(file=st.sampled_from(["master.m3u8", "manifest.mpd", "poster.jpg", "v1080.m3u8", "audio-iframe.m3u8"]))
def test_what_is_built_can_be_read(file: str) -> None:
    url = play_url("https://media.example", PLAYBACK, file, "a.b.c")
    path, _, query = url.removeprefix("https://media.example").partition("?")
    request = parse_play_request(path, query)
    assert isinstance(request, PlayRequest)
    assert (request.playback_id, request.token) == (PLAYBACK, "a.b.c")
