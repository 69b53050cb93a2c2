"""Identity and operators: the authorizer, operator commands, signing key pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.bootstrap.deployable import Core, records
from sluice.service.webhook_ports import DeadLetterQueue, DeliveryQueue

if TYPE_CHECKING:
    from sluice.service.identity import Identifier
    from sluice.service.signing_keys import Respond, SigningKeySecrets


def identifier(settings: config.AuthorizerSettings) -> "Identifier":
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.service.identity import Identifier

    secrets = SecretsManager(secrets_client())
    return Identifier(
        environment=settings.environment,
        pepper=secrets.read(settings.pepper_secret_arn).encode(),  # another pepper would void every key
        upload_token_key=lambda: secrets.read(settings.upload_token_secret_arn).encode(),
        records=records(settings),
        now=now,
    )


@dataclass(frozen=True, kw_only=True)
class Operate(Core):
    pepper: Callable[[], bytes]
    random_bytes: Callable[[int], bytes]
    queue: DeliveryQueue
    dead_letters: DeadLetterQueue


def operate(settings: config.OperateSettings) -> Operate:
    from secrets import token_bytes

    from sluice.adapters.completion_queue import sqs_client
    from sluice.adapters.delivery_queue import SqsDeadLetterQueue, SqsDeliveryQueue
    from sluice.adapters.secrets import SecretsManager, secrets_client

    secrets = SecretsManager(secrets_client())
    return Operate(
        environment=settings.environment,
        records=records(settings),
        pepper=lambda: secrets.read(settings.pepper_secret_arn).encode(),
        random_bytes=token_bytes,
        queue=SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url),
        dead_letters=SqsDeadLetterQueue(sqs_client(), settings.dead_letter_queue_url),
    )


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    secrets: "SigningKeySecrets"
    respond: "Respond"


def signing_key() -> SigningKey:
    from sluice.adapters.signing_key_secret import SecretsManagerSigningKeys, secrets_client
    from sluice.adapters.stack_response import send_response

    return SigningKey(secrets=SecretsManagerSigningKeys(secrets_client()), respond=send_response)
