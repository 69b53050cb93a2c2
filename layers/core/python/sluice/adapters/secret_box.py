"""Envelope encryption of webhook secrets: a KMS data key per secret, bound to the tenant by encryption context and AAD.

Creating needs kms:GenerateDataKey only, sending needs kms:Decrypt only.
Stored form: base64 of version byte, length of the wrapped key (2 bytes), wrapped key, nonce (12 bytes), AES-GCM text.
"""

import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
NONCE_BYTES = 12
KEY_LIFE_S = 300.0  # a revoked KMS grant takes effect within five minutes
MAX_CACHED_KEYS = 1_000


@cache
def kms_client() -> Any:
    return boto3.client("kms")


class KmsSecretBox:
    def __init__(self, client: Any, key_arn: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._key_arn = key_arn
        self._clock = clock
        self._keys: dict[tuple[str, bytes], tuple[float, bytes]] = {}

    def encrypt(self, tenant_id: str, secret: str) -> str:
        key = self._client.generate_data_key(
            KeyId=self._key_arn, KeySpec="AES_256", EncryptionContext={"tenant": tenant_id}
        )
        nonce = os.urandom(NONCE_BYTES)
        text = AESGCM(key["Plaintext"]).encrypt(nonce, secret.encode(), tenant_id.encode())
        wrapped: bytes = key["CiphertextBlob"]
        return b64encode(VERSION + len(wrapped).to_bytes(2, "big") + wrapped + nonce + text).decode()

    def decrypt(self, tenant_id: str, ciphertext: str) -> str:
        blob = b64decode(ciphertext, validate=True)
        if blob[:1] != VERSION:
            raise ValueError(f"Unknown form of a stored secret: {blob[:1].hex()}")
        end = 3 + int.from_bytes(blob[1:3], "big")
        wrapped, nonce, text = blob[3:end], blob[end : end + NONCE_BYTES], blob[end + NONCE_BYTES :]
        return AESGCM(self._data_key(tenant_id, wrapped)).decrypt(nonce, text, tenant_id.encode()).decode()

    def _data_key(self, tenant_id: str, wrapped: bytes) -> bytes:
        cached = self._keys.get((tenant_id, wrapped))
        if cached and self._clock() < cached[0]:
            return cached[1]
        answer = self._client.decrypt(
            KeyId=self._key_arn, CiphertextBlob=wrapped, EncryptionContext={"tenant": tenant_id}
        )
        plain: bytes = answer["Plaintext"]
        if len(self._keys) >= MAX_CACHED_KEYS:
            self._keys.clear()
        self._keys[(tenant_id, wrapped)] = (self._clock() + KEY_LIFE_S, plain)
        return plain
