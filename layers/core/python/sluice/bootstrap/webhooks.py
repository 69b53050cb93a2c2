"""Webhooks: endpoints, dispatch, delivery."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.bootstrap.deployable import Core, records
from sluice.service.webhook_ports import DeliveryLog, DeliveryQueue, SecretBox, WebhookSender

if TYPE_CHECKING:
    from sluice.domain.events import Event
    from sluice.service.deliveries import Deliverer
    from sluice.service.replays import Replayer
    from sluice.service.webhook_ping import Pinger


def _sender(
    settings: config.ApiWebhooksSettings | config.ApiDeliveriesSettings | config.DeliverWebhookSettings,
) -> WebhookSender:
    from sluice.adapters.aws_targets import AwsTargets, connect_once
    from sluice.adapters.routed_webhook_sender import RoutedWebhookSender
    from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, SsrfGuard
    from sluice.adapters.webhook_sender import HttpWebhookSender
    from sluice.domain.webhook_targets import WebhookTarget

    targets = {
        alias: WebhookTarget(arn=found.arn, tenants=None if found.tenants == "*" else frozenset(found.tenants))
        for alias, found in config.read_targets(settings.webhook_targets).items()
    }
    https = HttpWebhookSender(SsrfGuard(allow_loopback=settings.allow_loopback, ports=WEBHOOK_PORTS))
    return RoutedWebhookSender(https, AwsTargets(connect_once()), targets)


@dataclass(frozen=True, kw_only=True)
class ApiWebhooks(Core):
    sender: WebhookSender
    secrets: SecretBox
    random_bytes: Callable[[int], bytes]
    cursor_key: Callable[[], bytes]


def api_webhooks(settings: config.ApiWebhooksSettings) -> ApiWebhooks:
    from secrets import token_bytes

    from sluice.adapters.secret_box import KmsSecretBox, kms_client
    from sluice.adapters.secrets import SecretsManager, secrets_client

    secrets = SecretsManager(secrets_client())
    return ApiWebhooks(
        environment=settings.environment,
        records=records(settings),
        sender=_sender(settings),
        secrets=KmsSecretBox(kms_client(), settings.webhook_key_arn),
        random_bytes=token_bytes,
        cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode(),
    )


@dataclass(frozen=True, kw_only=True)
class ApiDeliveries(Core):
    pinger: "Pinger"
    log: DeliveryLog
    queue: DeliveryQueue
    replayer: "Replayer"
    cursor_key: Callable[[], bytes]


def api_deliveries(settings: config.ApiDeliveriesSettings) -> ApiDeliveries:
    from sluice.adapters.completion_queue import sqs_client
    from sluice.adapters.delivery_log import DynamoDeliveryLog
    from sluice.adapters.delivery_queue import SqsDeliveryQueue
    from sluice.adapters.records import dynamodb_client
    from sluice.adapters.secret_box import KmsSecretBox, kms_client
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.webhook_signer import StandardWebhooksSigner
    from sluice.service.replays import Replayer
    from sluice.service.webhook_ping import Pinger

    table = DynamoDeliveryLog(dynamodb_client(), settings.table_name)
    pinger = Pinger(
        records=table,
        secrets=KmsSecretBox(kms_client(), settings.webhook_key_arn),
        sender=_sender(settings),
        signer=StandardWebhooksSigner(),
        timeout_s=settings.timeout_s,
        now=now,
    )
    secrets = SecretsManager(secrets_client())
    queue = SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url)
    return ApiDeliveries(
        environment=settings.environment,
        records=table,
        pinger=pinger,
        log=table,
        queue=queue,
        replayer=Replayer(records=table, log=table, queue=queue, now=now),
        cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode(),
    )


@dataclass(frozen=True, kw_only=True)
class DispatchEvents(Core):
    queue: DeliveryQueue
    read_event: "Callable[[Mapping[str, Any]], Event]"  # from an item as the stream carries it


def dispatch_events(settings: config.DispatchEventsSettings) -> DispatchEvents:
    from functools import partial

    from sluice.adapters.completion_queue import sqs_client
    from sluice.adapters.delivery_queue import SqsDeliveryQueue
    from sluice.adapters.items import from_item
    from sluice.domain.events import Event

    return DispatchEvents(
        environment=settings.environment,
        records=records(settings),
        queue=SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url),
        read_event=partial(from_item, Event),
    )


def deliver_webhook(settings: config.DeliverWebhookSettings) -> "Deliverer":
    from random import SystemRandom

    from sluice.adapters.completion_queue import sqs_client
    from sluice.adapters.delivery_queue import SqsDeadLetterQueue, SqsDeliveryQueue
    from sluice.adapters.secret_box import KmsSecretBox, kms_client
    from sluice.adapters.webhook_signer import StandardWebhooksSigner
    from sluice.domain.deliveries import RetrySchedule
    from sluice.service.deliveries import Deliverer

    return Deliverer(
        environment=settings.environment,
        new_id=new_id,
        records=records(settings),
        sender=_sender(settings),
        signer=StandardWebhooksSigner(),
        secrets=KmsSecretBox(kms_client(), settings.webhook_key_arn),
        queue=SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url),
        dead_letters=SqsDeadLetterQueue(sqs_client(), settings.dead_letter_queue_url),
        schedule=RetrySchedule.parse(settings.retry_schedule_s),
        timeout_s=settings.timeout_s,
        now=now,
        jitter=SystemRandom().random,
    )
