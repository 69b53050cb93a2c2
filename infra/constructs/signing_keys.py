"""Key pairs that are born inside Lambda: only their public halves ever reach CloudFormation.

Slots `a` and `b` sign media URLs; both are in the key group, `playback` signs with the active one. To rotate: raise the
generation of the idle slot, deploy, make it the active slot, deploy. Slot `tokens` signs playback tokens.
Secret, custom resource and public key carry slot and generation in their ids, because a public key cannot be updated in
place: a new generation is a new set, and a rollback finds the old set untouched.
"""

from typing import NamedTuple

from aws_cdk import Aws, CustomResource, Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import SIGNING_SLOTS
from infra.constructs.acknowledge import acknowledge
from infra.constructs.foundation import Foundation
from infra.constructs.python_function import PythonFunction
from infra.constructs.removal import private_key_removal

TOKEN_GENERATION = 1


class KeyPair(NamedTuple):
    secret_arn: str  # the private key, PKCS #8 PEM
    public_pem: str


class SigningKeys(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, base: Foundation) -> None:
        super().__init__(scope, construct_id)
        self._config = base.config
        self._generator = PythonFunction(self, name="signing_key", base=base, environment={})
        pairs = {slot: self._key_pair(slot, base.config.generations[slot]) for slot in SIGNING_SLOTS}
        public_keys = {
            slot: self._public_key(slot, base.config.generations[slot], pair.public_pem) for slot, pair in pairs.items()
        }
        self.key_group = cloudfront.KeyGroup(
            self, "KeyGroup", key_group_name=f"{base.config.prefix}-{Aws.REGION}", items=list(public_keys.values())
        )
        self.url_signing_secret_arn = pairs[base.config.active_slot].secret_arn
        self.key_pair_id = public_keys[base.config.active_slot].public_key_id
        self.token_secret_arn = self._key_pair("tokens", TOKEN_GENERATION).secret_arn

    def _key_pair(self, slot: str, generation: int) -> KeyPair:
        name = f"{slot.title()}{generation}"
        # L1: the L2 always generates a value, and the value must come from the custom resource
        secret = secretsmanager.CfnSecret(
            self, f"Secret{name}", description=f"Private signing key {slot}, generation {generation}"
        )
        secret.apply_removal_policy(private_key_removal(self._config))
        self._generator.allow(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], [secret.ref])
        resource = CustomResource(
            self,
            f"Pair{name}",
            resource_type="Custom::SigningKey",
            service_token=self._generator.function.function_arn,
            service_timeout=Duration.minutes(2),  # the default hour is a long wait for a failure
            properties={"SecretArn": secret.ref, "Slot": slot, "Generation": generation},
        )
        resource.node.add_dependency(self._generator.role)
        acknowledge(
            secret, {"AwsSolutions-SMG4": "Rotation is a deployment: a new generation in the idle slot, then a switch."}
        )
        return KeyPair(secret_arn=secret.ref, public_pem=resource.get_att_string("PublicKeyPem"))

    def _public_key(self, slot: str, generation: int, pem: str) -> cloudfront.PublicKey:
        name = f"{self._config.prefix}-{Aws.REGION}-{slot}-{generation}"
        key = cloudfront.PublicKey(self, f"PublicKey{slot.title()}{generation}", public_key_name=name, encoded_key=pem)
        resource = key.node.default_child
        assert isinstance(resource, cloudfront.CfnPublicKey)  # noqa: S101 - for the type checker
        resource.add_property_override("PublicKeyConfig.CallerReference", name)
        return key
