"""API keys as text: `sk_<env>_` + the key id's ULID (26) + secret (43 base62, 32 random bytes) + CRC-32 (6 base62).

The ULID makes the lookup one read, the checksum lets a mistyped or truncated key fail before any read, and the fixed
shape lets secret scanners find a leaked one. What is stored is a digest that cannot be computed without the pepper.
"""

import hmac
import re
from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

from sluice.domain.ids import Prefix

SCOPES = frozenset(
    {
        "uploads:write",
        "assets:read",
        "assets:write",
        "assets:publish",
        "assets:delete",
        "playback:sign",
        "webhooks:manage",
        "live:manage",
        "analytics:read",
        "keys:manage",
        "audit:read",
        "ops:replay",
    }
)

SECRET_BYTES = 32
_SECRET_DIGITS = 43  # 62^43 > 2^256
_CHECKSUM_DIGITS = 6  # 62^6 > 2^32
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(
    r"(?P<body>sk_(?P<environment>[a-z]+)_(?P<ulid>[0-7][0-9a-hjkmnp-tv-z]{25})(?P<secret>[0-9A-Za-z]{43}))"
    r"(?P<checksum>[0-9A-Za-z]{6})"
)


class PresentedKey(NamedTuple):
    key_id: str
    secret: str


def base62(number: int, digits: int) -> str:
    """Exactly `digits` digits, most significant first. Raises ValueError when `number` does not fit."""
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = _ALPHABET[digit] + text
    if number:
        raise ValueError("number does not fit")
    return text


def secret_of(random_bytes: bytes) -> str:
    """The secret's text. Raises ValueError unless there are exactly 32 bytes."""
    if len(random_bytes) != SECRET_BYTES:
        raise ValueError("an API key needs 32 random bytes")
    return base62(int.from_bytes(random_bytes, "big"), _SECRET_DIGITS)


def format_key(environment: str, key_id: str, secret: str) -> str:
    body = f"sk_{environment}_{key_id.removeprefix(f'{Prefix.API_KEY}_')}{secret}"
    return body + _checksum(body)


def parse_key(text: str, environment: str) -> PresentedKey | None:
    """None unless shape, checksum and environment are right; says nothing about whether the key exists."""
    match = _SHAPE.fullmatch(text)
    if match is None or match["environment"] != environment or match["checksum"] != _checksum(match["body"]):
        return None
    return PresentedKey(f"{Prefix.API_KEY}_{match['ulid']}", match["secret"])


def digest(pepper: bytes, secret: str) -> str:
    return sha256(pepper + secret.encode()).hexdigest()


def matches(pepper: bytes, secret: str, stored_digest: str | None) -> bool:
    """Constant time, also when there is no stored digest."""
    expected = stored_digest if stored_digest is not None else "-" * 64
    return hmac.compare_digest(digest(pepper, secret), expected) and stored_digest is not None


def _checksum(body: str) -> str:
    return base62(crc32(body.encode()), _CHECKSUM_DIGITS)
