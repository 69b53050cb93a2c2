"""What a playback token allows, and for how long; signed by the real adapter."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from sluice.adapters.playback_tokens import JwtPlaybackTokens
from sluice.adapters.signing_secret import private_key
from sluice.domain.errors import PlaybackDenied
from sluice.domain.playback_tokens import (
    MAX_VIEWING_S,
    ChildClaims,
    OpenClaims,
    child_claims,
    continuation,
    finish_time,
    new_session,
    open_claims,
    to_payload,
)
from tests.fakes.published import FIRST_VERSION, NOW, OTHER_PLAYBACK, PLAYBACK, SESSION, TENANT, secret, token_key

TOKENS = JwtPlaybackTokens(token_key())
OPENED = new_session(session_id=SESSION, playback_id=PLAYBACK, tenant_id=TENANT, ttl_s=300, now=NOW)
CHILD = continuation(OPENED, version_id=FIRST_VERSION, finish_at=OPENED.expires_at + 1000)
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_an_open_token_says_who_what_and_until_when() -> None:
    payload = TOKENS.read(TOKENS.issue(OPENED))
    issued_at = int(NOW.timestamp())
    assert payload == {
        "typ": "open",
        "ses": SESSION,
        "plb": PLAYBACK,
        "ten": TENANT,
        "iat": issued_at,
        "exp": issued_at + 300,
    }


def test_a_child_token_names_the_version() -> None:
    payload = TOKENS.read(TOKENS.issue(CHILD))
    assert (payload["typ"], payload["ver"], payload["exp"]) == ("child", FIRST_VERSION, CHILD.finish_at)


def test_claims_survive_signing() -> None:
    assert open_claims(TOKENS.read(TOKENS.issue(OPENED)), playback_id=PLAYBACK, now=NOW) == OPENED
    assert child_claims(TOKENS.read(TOKENS.issue(CHILD)), playback_id=PLAYBACK, now=NOW) == CHILD


def test_the_header_names_algorithm_and_key() -> None:
    header = jwt.get_unverified_header(TOKENS.issue(OPENED))
    assert header == {"alg": "ES256", "typ": "JWT", "kid": TOKENS.key_id}
    assert len(TOKENS.key_id) == 16


def test_the_key_id_is_a_digest_of_the_public_key() -> None:
    assert JwtPlaybackTokens(token_key()).key_id == TOKENS.key_id != JwtPlaybackTokens(private_key(secret())).key_id


@pytest.mark.parametrize("late_s", [300, 300.5, 305, 100_000])
def test_an_open_token_ends_at_its_expiry(late_s: float) -> None:
    with pytest.raises(PlaybackDenied):
        open_claims(to_payload(OPENED), playback_id=PLAYBACK, now=after(late_s))


def test_an_open_token_holds_until_its_expiry() -> None:
    last_moment = datetime.fromtimestamp(OPENED.expires_at, UTC) - timedelta(milliseconds=1)
    assert open_claims(to_payload(OPENED), playback_id=PLAYBACK, now=last_moment) == OPENED


def test_a_child_token_outlives_the_opening_and_ends_at_the_finish() -> None:
    assert child_claims(to_payload(CHILD), playback_id=PLAYBACK, now=after(1299)) == CHILD
    with pytest.raises(PlaybackDenied):
        child_claims(to_payload(CHILD), playback_id=PLAYBACK, now=after(1300))


def test_neither_kind_passes_for_the_other() -> None:
    with pytest.raises(PlaybackDenied):
        open_claims(to_payload(CHILD), playback_id=PLAYBACK, now=NOW)
    with pytest.raises(PlaybackDenied):
        child_claims(to_payload(OPENED), playback_id=PLAYBACK, now=NOW)


def test_a_token_opens_its_own_playback_only() -> None:
    with pytest.raises(PlaybackDenied):
        open_claims(to_payload(OPENED), playback_id=OTHER_PLAYBACK, now=NOW)
    with pytest.raises(PlaybackDenied):
        child_claims(to_payload(CHILD), playback_id=OTHER_PLAYBACK, now=NOW)


@pytest.mark.parametrize("name", ["typ", "ses", "plb", "ten", "iat", "exp"])
@pytest.mark.parametrize("value", [None, "", "x", [], True])
def test_a_malformed_claim_is_denied(name: str, value: object) -> None:
    with pytest.raises(PlaybackDenied):
        open_claims({**to_payload(OPENED), name: value}, playback_id=PLAYBACK, now=NOW)


@pytest.mark.parametrize("name", ["typ", "ses", "plb", "ten", "ver", "exp"])
def test_a_missing_claim_is_denied(name: str) -> None:
    payload = {key: value for key, value in to_payload(CHILD).items() if key != name}
    with pytest.raises(PlaybackDenied):
        child_claims(payload, playback_id=PLAYBACK, now=NOW)


@given(ttl_s=st.integers(60, 900), duration_s=st.floats(0, 200_000), opened_after_s=st.floats(0, 899))
def test_a_viewing_lasts_long_enough_and_at_most_a_day(ttl_s: int, duration_s: float, opened_after_s: float) -> None:
    session = new_session(session_id=SESSION, playback_id=PLAYBACK, tenant_id=TENANT, ttl_s=ttl_s, now=NOW)
    now = after(opened_after_s)
    finish_at = finish_time(session, duration_s=duration_s, now=now)
    wanted_at = now.timestamp() + max(ttl_s, 2 * duration_s + 600)
    day_end = now.timestamp() + MAX_VIEWING_S
    assert min(wanted_at, day_end - 1) <= finish_at <= min(wanted_at + 1, day_end)


@given(data=st.data(), claims=st.sampled_from([OPENED, CHILD]))
def test_one_changed_character_is_denied(data: st.DataObject, claims: OpenClaims | ChildClaims) -> None:
    token = TOKENS.issue(claims)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in BASE64URL + ".," if c != token[place]]))
    with pytest.raises(PlaybackDenied):
        TOKENS.read(token[:place] + other + token[place + 1 :])


@given(data=st.data())
def test_an_added_or_missing_character_is_denied(data: st.DataObject) -> None:
    token = TOKENS.issue(OPENED)
    place = data.draw(st.integers(0, len(token) - 1))
    added = data.draw(st.sampled_from(BASE64URL + ".,=~ "))
    for altered in (token[:place] + added + token[place:], token[:place] + token[place + 1 :]):
        with pytest.raises(PlaybackDenied):
            TOKENS.read(altered)


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(PlaybackDenied):
        TOKENS.read(text)


def test_a_token_has_one_spelling() -> None:
    """86 base64 characters hold 516 bits, a signature has 512: a lenient reader takes 16 spellings of one token."""
    token = TOKENS.issue(OPENED)
    twin = token[:-1] + BASE64URL[BASE64URL.index(token[-1]) + 1]
    with pytest.raises(PlaybackDenied):
        TOKENS.read(twin)


def test_another_key_is_denied() -> None:
    stranger = JwtPlaybackTokens(private_key(secret()))
    with pytest.raises(PlaybackDenied):
        TOKENS.read(stranger.issue(OPENED))


@pytest.mark.parametrize("headers", [{}, {"kid": "0123456789abcdef"}])
def test_our_key_under_another_name_is_denied(headers: dict[str, str]) -> None:
    token = jwt.encode(to_payload(OPENED), token_key(), "ES256", headers)
    with pytest.raises(PlaybackDenied):
        TOKENS.read(token)


def test_only_es256_is_accepted() -> None:
    payload, kid = to_payload(OPENED), {"kid": TOKENS.key_id}
    unsigned = jwt.encode(payload, "", "none", kid)
    symmetric = jwt.encode(payload, "k" * 32, "HS256", kid)
    rsa_signed = jwt.encode(payload, rsa.generate_private_key(65537, 2048), "RS256", kid)
    curve = jwt.encode(payload, ec.generate_private_key(ec.SECP384R1()), "ES384", kid)
    for token in (unsigned, symmetric, rsa_signed, curve):
        with pytest.raises(PlaybackDenied):
            TOKENS.read(token)


def test_a_payload_that_is_no_object_is_denied() -> None:
    token = jwt.PyJWS().encode(b"[1]", token_key(), "ES256", {"kid": TOKENS.key_id})
    with pytest.raises(PlaybackDenied):
        TOKENS.read(token)


def test_tokens_fit_into_a_query_unescaped() -> None:
    for claims in (OPENED, CHILD):
        token = TOKENS.issue(claims)
        assert set(token) <= set(BASE64URL + ".")
        assert len(token) < 600


def test_a_signing_secret_must_hold_a_p256_key() -> None:
    document = json.loads(secret())
    document["private_key_pem"] = rsa_pem()
    with pytest.raises(ValueError, match="P-256"):
        private_key(json.dumps(document))


def rsa_pem() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_nothing_of_the_private_key_is_in_a_token() -> None:
    parts = TOKENS.issue(OPENED).split(".")[:2]
    clear = [base64.urlsafe_b64decode(part + "==") for part in parts]
    secret_bytes = token_key().private_numbers().private_value.to_bytes(32, "big")
    assert all(secret_bytes not in text and b"PRIVATE" not in text for text in clear)
