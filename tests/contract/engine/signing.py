"""Signing for CloudFront, written apart from the code under test."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def custom_policy(url: str, *, expires: int = 300, starts: int | None = None, ip: str | None = None) -> bytes:
    now = int(time.time())
    condition: dict[str, Any] = {"DateLessThan": {"AWS:EpochTime": now + expires}}
    if starts is not None:
        condition["DateGreaterThan"] = {"AWS:EpochTime": now + starts}
    if ip is not None:
        condition["IpAddress"] = {"AWS:SourceIp": ip}
    return json.dumps({"Statement": [{"Resource": url, "Condition": condition}]}).encode()


def signature(key: Key, policy: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(policy, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(policy, ec.ECDSA(hashes.SHA256()))


def url_safe(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))
