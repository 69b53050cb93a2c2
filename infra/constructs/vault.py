"""Secrets that exist once per deployment, and the key that encrypts webhook secrets."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.removal import data_removal


class Vault(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        removal = data_removal(config)
        self.pepper = _random_secret(self, "ApiKeyPepper", "Mixed into the hash of every API key", removal)
        self.cursor = _random_secret(self, "CursorSecret", "Signs the cursors of lists", removal)
        self.upload_tokens = _random_secret(self, "UploadTokens", "Signs the tokens of single uploads", removal)
        self.webhook_key = kms.Key(
            self,
            "WebhookKey",
            description="Encrypts the signing secrets of webhook endpoints; the tenant is in the encryption context",
            enable_key_rotation=True,
            removal_policy=removal,
        )
        acknowledge(
            self.pepper, {"AwsSolutions-SMG4": "Another pepper would make every API key that was handed out invalid."}
        )
        acknowledge(
            self.cursor,
            {"AwsSolutions-SMG4": "It guards no access: a cursor only continues a list its owner may read."},
        )
        acknowledge(
            self.upload_tokens,
            {"AwsSolutions-SMG4": "Its tokens live for hours; another value can be put at any time, by hand."},
        )


def _random_secret(scope: Construct, name: str, description: str, removal: RemovalPolicy) -> secretsmanager.Secret:
    return secretsmanager.Secret(
        scope,
        name,
        description=description,
        generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        removal_policy=removal,
    )
