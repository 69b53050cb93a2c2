"""API keys as text: the exact format, the checksum, the digest."""

import re
from hashlib import sha256
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.api_keys import base62, digest, format_key, matches, parse_key, secret_of
from sluice.domain.ids import Prefix
from tests.fakes.time import FakeIds

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY_ID = "key_01jdz8k3v5w9x2y4z6a8b0c1d2"

environments = st.sampled_from(["local", "dev", "staging", "prod"])
randoms = st.binary(min_size=32, max_size=32)
ulids = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=25, max_size=25).map(lambda tail: "7" + tail)


def number_of(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + ALPHABET.index(digit)
    return value


@given(environments, ulids, randoms)
def test_a_key_has_the_documented_shape_and_reads_back(environment: str, ulid: str, random: bytes) -> None:
    secret = secret_of(random)
    text = format_key(environment, f"key_{ulid}", secret)
    assert re.fullmatch(rf"sk_{environment}_{ulid}[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}", text)
    assert number_of(text[-49:-6]) == int.from_bytes(random, "big")
    assert number_of(text[-6:]) == crc32(text[:-6].encode())
    assert parse_key(text, environment) == (f"key_{ulid}", secret)


@given(randoms, st.data())
def test_a_changed_character_is_noticed(random: bytes, data: st.DataObject) -> None:
    text = format_key("dev", KEY_ID, secret_of(random))
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != text[place]))
    assert parse_key(text[:place] + other + text[place + 1 :], "dev") is None


@given(st.text(max_size=200))
def test_other_text_is_no_key(text: str) -> None:
    assert parse_key(text, "dev") is None


@pytest.mark.parametrize("mangle", [str.upper, lambda key: key[:-1], lambda key: key + "0", lambda key: key + "\n"])
def test_mangled_keys(mangle: object) -> None:
    assert callable(mangle)
    assert parse_key(mangle(format_key("dev", KEY_ID, secret_of(bytes(32)))), "dev") is None


def test_a_key_of_another_environment_is_none_here() -> None:
    assert parse_key(format_key("dev", KEY_ID, secret_of(bytes(32))), "prod") is None


def test_the_largest_secret_fits() -> None:
    assert number_of(secret_of(b"\xff" * 32)) == 2**256 - 1


def test_less_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        secret_of(bytes(31))


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="fit"):
        base62(62, 1)


def test_the_digest_is_sha256_over_pepper_and_secret() -> None:
    assert digest(b"pepper", "secret") == sha256(b"peppersecret").hexdigest()


def test_only_the_right_secret_under_the_right_pepper_matches() -> None:
    stored = digest(b"pepper", "secret")
    assert matches(b"pepper", "secret", stored)
    assert not matches(b"pepper", "other", stored)
    assert not matches(b"other", "secret", stored)
    assert not matches(b"pepper", "secret", None)


def test_ids_of_the_product_give_keys() -> None:
    key_id = FakeIds()(Prefix.API_KEY)
    assert parse_key(format_key("dev", key_id, secret_of(bytes(32))), "dev") == (key_id, "0" * 43)
