"""Media without a valid signature, playlists without a valid token: 403, whatever was changed."""

from base64 import b64decode, b64encode
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from infra.local.demo.playing import Player, unsigned
from tests.e2e.film import Film

pytestmark = pytest.mark.e2e

TO_BASE64, FROM_BASE64 = str.maketrans("-_~", "+=/"), str.maketrans("+=/", "-_~")


def changed(url: str, **values: str | None) -> str:
    """The URL with parameters replaced, or left out where the value is None."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | values
    return urlunsplit(parts._replace(query=urlencode({n: v for n, v in query.items() if v is not None}, safe="~")))


def parameter(url: str, name: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))[name]


def flipped(text: str, position: int) -> str:
    """One character replaced by another of the same alphabet."""
    other = "A" if text[position] != "A" else "B"
    return text[:position] + other + text[position + 1 :]


def test_a_signed_segment_plays(film: Film, player: Player) -> None:
    assert player.status(changed(film.media_urls[-1])) == 200


def test_an_unsigned_segment_is_refused(film: Film, player: Player) -> None:
    assert player.status(unsigned(film.media_urls[-1])) == 403


def test_a_tampered_signature_is_refused(film: Film, player: Player) -> None:
    url = film.media_urls[-1]
    assert player.status(changed(url, Signature=flipped(parameter(url, "Signature"), 20))) == 403


def test_a_tampered_policy_is_refused(film: Film, player: Player) -> None:
    """Another end, under the old signature."""
    url = film.media_urls[-1]
    policy = b64decode(parameter(url, "Policy").translate(TO_BASE64)).decode()
    end = policy.split('"AWS:EpochTime":')[1].split("}")[0]
    later = policy.replace(end, str(int(end) + 3600))
    assert player.status(changed(url, Policy=b64encode(later.encode()).decode().translate(FROM_BASE64))) == 403


@pytest.mark.parametrize("missing", ["Policy", "Signature", "Key-Pair-Id"])
def test_a_part_of_the_signature_is_not_enough(film: Film, player: Player, missing: str) -> None:
    assert player.status(changed(film.media_urls[-1], **{missing: None})) == 403


def test_a_signature_opens_its_own_rendition_only(film: Film, player: Player) -> None:
    segment = film.media_urls[-1]
    assert "/v240/" in segment
    assert player.status(segment.replace("/v240/", "/audio/")) == 403
    assert player.status(segment.replace("/v240/seg-00003.m4s", "/poster.jpg")) == 403


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_tampered_token_is_refused(film: Film, player: Player, part: int) -> None:
    """Of header, claims and signature alike."""
    session = film.customer.api.call("POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"]})
    pieces = parameter(session["hls_url"], "token").split(".")
    pieces[part] = flipped(pieces[part], len(pieces[part]) // 2)
    assert player.status(changed(session["hls_url"], token=".".join(pieces))) == 403
    assert player.status(session["hls_url"]) == 200


def test_tokens_open_what_they_are_for(film: Film, player: Player) -> None:
    """Not another playback id, no further parameter, and a child token no master."""
    session = film.customer.api.call("POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"]})
    url, playback_id = session["hls_url"], film.slot["playback_id"]
    assert player.status(url.replace(f"/{playback_id}/", f"/plb_{'0' * 26}/")) == 403
    assert player.status(f"{url}&token={parameter(url, 'token')}") == 403
    assert player.status(f"{url}&_HLS_skip=YES") == 403
    child = parameter(film.playlist_url, "token")
    assert player.status(changed(url, token=child)) == 403


def test_stored_playlists_are_out_of_reach(film: Film, player: Player) -> None:
    parts = urlsplit(film.media_urls[0])
    stored = parts.path.replace("/media/", "/playlists/").replace("/v240/init.mp4", "/master.m3u8")
    assert player.status(urlunsplit(parts._replace(path=stored))) == 403
