"""The custom resource behind a signing key: a key pair exists afterwards, and only its public half is told."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field


class KeyProperties(BaseModel):
    model_config = ConfigDict(frozen=True)

    secret_arn: str = Field(alias="SecretArn")
    generation: int = Field(alias="Generation")


class KeyRequest(BaseModel):
    """CloudFormation's event, as far as it matters here."""

    model_config = ConfigDict(frozen=True)

    request_type: Literal["Create", "Update", "Delete"] = Field(alias="RequestType")
    properties: KeyProperties = Field(alias="ResourceProperties")


class SigningKeySecrets(Protocol):
    def public_key(self, secret_arn: str) -> str | None:
        """The public half (PEM) of the stored pair; None while the secret has no value."""
        ...

    def generate(self, secret_arn: str, generation: int) -> str:
        """Store a new pair and return its public half; the stored one's, when somebody else was first."""
        ...


class Respond(Protocol):
    def __call__(
        self,
        event: Mapping[str, Any],
        *,
        physical_id: str,
        data: Mapping[str, str] | None = ...,
        reason: str | None = ...,
    ) -> None: ...


def settle_signing_key(request: KeyRequest, *, secrets: SigningKeySecrets) -> dict[str, str]:
    """The resource's attributes. A pair that exists is never replaced, and a deletion deletes nothing: URLs that were
    signed with it are still in use, and the secret outlives its stack where data does."""
    if request.request_type == "Delete":
        return {}
    wanted = request.properties
    public_key = secrets.public_key(wanted.secret_arn)
    if public_key is None:
        public_key = secrets.generate(wanted.secret_arn, wanted.generation)
    return {"PublicKeyPem": public_key, "Generation": str(wanted.generation)}
