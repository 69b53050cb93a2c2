"""Key pairs in Secrets Manager: born here, and their private half goes nowhere else."""

import json
from functools import cache
from typing import Any

import boto3
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sluice.adapters.signing_secret import private_key

# The same token for every try: of two that race, Secrets Manager keeps the first and refuses the second.
FIRST_VALUE = "sluice-signing-key-the-only-value"


@cache
def secrets_client() -> Any:
    return boto3.client("secretsmanager")


class SecretsManagerSigningKeys:
    def __init__(self, client: Any) -> None:
        self._client = client

    def public_key(self, secret_arn: str) -> str | None:
        try:
            stored = self._client.get_secret_value(SecretId=secret_arn)["SecretString"]
        except self._client.exceptions.ResourceNotFoundException:
            return None  # the secret is there (its ARN is ours), a value is not
        return _public_pem(private_key(stored))

    def generate(self, secret_arn: str, generation: int) -> str:
        pair = generate_private_key(SECP256R1())
        try:
            self._client.put_secret_value(
                SecretId=secret_arn, ClientRequestToken=FIRST_VALUE, SecretString=_document(pair, generation)
            )
        except self._client.exceptions.ResourceExistsException:
            first = self.public_key(secret_arn)
            if first is None:
                raise
            return first
        return _public_pem(pair)


def _document(pair: EllipticCurvePrivateKey, generation: int) -> str:
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps({"generation": generation, "private_key_pem": pem})


def _public_pem(pair: EllipticCurvePrivateKey) -> str:
    return pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
