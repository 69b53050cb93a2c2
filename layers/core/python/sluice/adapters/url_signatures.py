"""CloudFront signed URLs with a custom policy, ECDSA P-256 and SHA-256: implements `service.ports.UrlSigner`."""

import json
from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

# CloudFront's own alphabet: the three base64 characters that mean something in a query.
_QUERY_SAFE = str.maketrans({"+": "-", "=": "_", "/": "~"})


class CloudFrontUrlSigner:
    def __init__(self, private_key: EllipticCurvePrivateKey, key_pair_id: str) -> None:
        self._private_key = private_key
        self._key_pair_id = key_pair_id

    def sign(self, resource: str, *, expires_at: int) -> str:
        document = policy(resource, expires_at=expires_at)
        signature = self._private_key.sign(document, ECDSA(SHA256()))  # DER, as CloudFront expects
        return (
            f"Policy={_encode(document)}&Signature={_encode(signature)}"
            f"&Key-Pair-Id={self._key_pair_id}&Hash-Algorithm=SHA256"  # without it CloudFront assumes SHA-1
        )


def policy(resource: str, *, expires_at: int) -> bytes:
    """Compact: CloudFront verifies these very bytes. Expiry is looked at when a request starts."""
    condition = {"DateLessThan": {"AWS:EpochTime": expires_at}}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return b64encode(data).decode().translate(_QUERY_SAFE)
