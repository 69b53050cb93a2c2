"""Encryption that only keeps the promise that matters to callers: another tenant cannot read it."""

from base64 import b64decode, b64encode


class FakeSecretBox:
    def encrypt(self, tenant_id: str, secret: str) -> str:
        return b64encode(f"{tenant_id}\n{secret}".encode()).decode()

    def decrypt(self, tenant_id: str, ciphertext: str) -> str:
        owner, _, secret = b64decode(ciphertext).decode().partition("\n")
        if owner != tenant_id:
            raise ValueError("encrypted for somebody else")
        return secret
