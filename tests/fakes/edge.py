"""CloudFront's check of a signed media URL, as far as our policies use it; verified with cryptography itself."""

import json
import re
from base64 import b64decode
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_FROM_CLOUDFRONT = str.maketrans("-_~", "+=/")
_OWN = {"Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}


class SignedUrl(NamedTuple):
    url: str  # without CloudFront's own parameters
    resource: str
    expires_at: int


def decode(text: str) -> bytes:
    return b64decode(text.translate(_FROM_CLOUDFRONT), validate=True)


def read_signed_url(url: str, key: ec.EllipticCurvePublicKey) -> SignedUrl:
    """Raises InvalidSignature, and ValueError for anything but one parameter of each kind."""
    parts = urlsplit(url)
    found = parse_qs(parts.query, strict_parsing=True)
    if found.keys() != _OWN or any(len(values) != 1 for values in found.values()):
        raise ValueError(f"parameters {sorted(found)}")
    policy = decode(found["Policy"][0])
    key.verify(decode(found["Signature"][0]), policy, ec.ECDSA(SHA256()))
    (statement,) = json.loads(policy)["Statement"]
    return SignedUrl(
        url=parts._replace(query="").geturl(),
        resource=statement["Resource"],
        expires_at=statement["Condition"]["DateLessThan"]["AWS:EpochTime"],
    )


def opens(url: str, key: ec.EllipticCurvePublicKey, *, at: datetime) -> bool:
    """Whether CloudFront would answer this request with the object."""
    try:
        signed = read_signed_url(url, key)
    except (InvalidSignature, ValueError):
        return False
    pattern = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in signed.resource)
    return re.fullmatch(pattern, signed.url) is not None and at.timestamp() < signed.expires_at
