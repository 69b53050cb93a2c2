"""CloudFront signed URLs, checked as CloudFront checks them."""

import json
from base64 import b64decode
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from sluice.adapters.url_signatures import CloudFrontUrlSigner
from tests.fakes.published import KEY_PAIR, token_key, url_key

SIGNER = CloudFrontUrlSigner(url_key(), KEY_PAIR)
RESOURCE = "https://media.example/media/ten/ast/ver/v720/*"


def decoded(text: str) -> bytes:
    return b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)


def parameters(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, strict_parsing=True).items()}


def test_the_query_has_cloudfronts_names() -> None:
    found = parameters(SIGNER.sign(RESOURCE, expires_at=1_796_119_200))
    assert list(found) == ["Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
    assert (found["Key-Pair-Id"], found["Hash-Algorithm"]) == (KEY_PAIR, "SHA256")


def test_the_policy_is_the_documented_statement_without_spaces() -> None:
    text = decoded(parameters(SIGNER.sign(RESOURCE, expires_at=1_796_119_200))["Policy"])
    assert b" " not in text
    condition = {"DateLessThan": {"AWS:EpochTime": 1_796_119_200}}
    assert json.loads(text) == {"Statement": [{"Resource": RESOURCE, "Condition": condition}]}


@given(resource=st.text(min_size=1), expires_at=st.integers(0, 2**33))
def test_the_signature_is_ecdsa_sha256_over_the_policy(resource: str, expires_at: int) -> None:
    found = parameters(SIGNER.sign(resource, expires_at=expires_at))
    policy, signature = decoded(found["Policy"]), decoded(found["Signature"])
    url_key().public_key().verify(signature, policy, ec.ECDSA(SHA256()))
    assert json.loads(policy)["Statement"][0]["Resource"] == resource


def test_a_changed_policy_or_key_does_not_verify() -> None:
    found = parameters(SIGNER.sign(RESOURCE, expires_at=1_796_119_200))
    policy, signature = decoded(found["Policy"]), decoded(found["Signature"])
    with pytest.raises(InvalidSignature):
        url_key().public_key().verify(signature, policy.replace(b"v720", b"v721"), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        token_key().public_key().verify(signature, policy, ec.ECDSA(SHA256()))


@given(resource=st.text(min_size=1))
def test_the_query_needs_no_escaping_and_no_dollar(resource: str) -> None:
    """It stands inside URLs, and in DASH inside templates where `$` has a meaning."""
    query = SIGNER.sign(resource, expires_at=1)
    assert all(character.isascii() and (character.isalnum() or character in "-_~=&") for character in query)
    assert urlsplit(f"https://media.example/x?{query}").query == query
