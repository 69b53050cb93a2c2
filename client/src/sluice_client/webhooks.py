"""Standard Webhooks 1.0: is a message from Sluice, is it fresh, and is it whole?"""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping

from sluice_client.errors import SluiceError
from sluice_client.events import Event

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300.0  # the standard's: how far the clocks of sender and receiver may be apart, either way
KEY_BYTES = range(24, 65)  # the standard's
_PREFIX = "whsec_"
_SECONDS = re.compile(r"[0-9]{1,12}")


class VerificationFailed(SluiceError):
    """The message must not be believed. Answer 401, and tell the sender no more."""


class HeaderMissing(VerificationFailed):
    """One of webhook-id, webhook-timestamp and webhook-signature is missing or unreadable."""


class TimestampTooOld(VerificationFailed):
    """Older than the tolerance: a replay, or this machine's clock is fast."""


class TimestampTooNew(VerificationFailed):
    """From the future by more than the tolerance: this machine's clock is slow."""


class SignatureMismatch(VerificationFailed):
    """No signature was made with one of the secrets over these bytes."""


class NotAnEvent(VerificationFailed):
    """Signed by one of the secrets, but no envelope of Sluice."""


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Iterable[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: Callable[[], float] = time.time,
) -> Event:
    """The event of a message, if one of its signatures is by one of `secrets` and its time is near.

    `headers`: names in any case. `body`: as it came, byte for byte. `secrets`: several while one is replaced.
    Raises VerificationFailed (by kind), and ValueError for a secret that is none.
    """
    keys = [key_of(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("no secret to verify with")
    message_id, timestamp, signatures = _signed_headers(headers)
    _check_time(timestamp, now(), tolerance_s)
    if not _any_matches([_digest(key, message_id, timestamp, body) for key in keys], signatures):
        raise SignatureMismatch("no signature matches")
    try:
        return Event.of(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAnEvent(f"signed, but not an event ({type(error).__name__})") from error


def sign(secret: str, message_id: str, body: bytes, *, sent_at: float) -> dict[str, str]:
    """The three headers, as Sluice sends them. Raises ValueError for a secret that is none."""
    timestamp = str(int(sent_at))
    signature = base64.b64encode(_digest(key_of(secret), message_id, timestamp, body)).decode()
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: f"v1,{signature}"}


def key_of(secret: str) -> bytes:
    """Raises ValueError, which does not repeat the secret."""
    encoded = secret.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is whsec_ and base64") from None
    if len(key) not in KEY_BYTES:
        raise ValueError(f"a webhook secret has {KEY_BYTES[0]} to {KEY_BYTES[-1]} bytes, not {len(key)}")
    return key


def _signed_headers(headers: Mapping[str, str]) -> tuple[str, str, list[str]]:
    found = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (found.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    for name, value in ((ID, message_id), (TIMESTAMP, timestamp), (SIGNATURE, signatures)):
        if not value:
            raise HeaderMissing(f"no {name}")
    if not _SECONDS.fullmatch(timestamp):
        raise HeaderMissing(f"{TIMESTAMP} is not in seconds")
    return message_id, timestamp, signatures.split(" ")


def _check_time(timestamp: str, now: float, tolerance_s: float) -> None:
    age_s = now - int(timestamp)
    if age_s > tolerance_s:
        raise TimestampTooOld(f"sent {age_s:.0f} s ago")
    if age_s < -tolerance_s:
        raise TimestampTooNew(f"sent {-age_s:.0f} s in the future")


def _digest(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()


def _any_matches(digests: list[bytes], signatures: list[str]) -> bool:
    """Compares each with each, so that the time it takes tells nothing about which was near."""
    expected = [base64.b64encode(digest) for digest in digests]
    matched = False
    for signature in signatures:
        version, _, encoded = signature.partition(",")
        for one in expected:
            same = hmac.compare_digest(one, encoded.encode("utf-8", "replace"))
            matched |= same and version == "v1"
    return matched
