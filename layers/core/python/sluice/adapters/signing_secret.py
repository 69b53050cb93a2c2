"""The private half of a signing key pair, as the `signing_key` custom resource leaves it in Secrets Manager."""

import json

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def private_key(secret: str) -> EllipticCurvePrivateKey:
    """From `{"generation": 1, "private_key_pem": "..."}`. Raises ValueError for anything but a P-256 key."""
    document = json.loads(secret)
    key = load_pem_private_key(document["private_key_pem"].encode(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("A signing secret must hold a P-256 private key.")
    return key
