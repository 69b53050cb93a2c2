"""The composition root: one function per deployable wires its use cases to adapters. Called on first use, never at
import.

Adapters are imported inside the functions, so that a function's cold start pays for its own adapters only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.service.ports import Clock, DeliveryQueue, Executions, Ids, Records, UploadObjects
from sluice.service.webhook_ports import DeadLetterQueue, SecretBox, WebhookSender

if TYPE_CHECKING:
    from sluice.domain.events import Event
    from sluice.service.deliveries import Deliverer
    from sluice.service.identity import Identifier
    from sluice.service.playback import PlaybackPorts
    from sluice.service.playback_ports import PlaybackTokens
    from sluice.service.reconcile import Reconciler
    from sluice.service.signing_keys import Respond, SigningKeySecrets
    from sluice.service.transcode import TranscoderDeps
    from sluice.service.uploads import UploadPorts


def records(settings: config.Settings) -> Records:
    from sluice.adapters.records import DynamoRecords, dynamodb_client

    return DynamoRecords(dynamodb_client(), settings.table_name)


@dataclass(frozen=True, kw_only=True)
class Core:
    """What every use case takes."""

    environment: str
    records: Records
    now: Clock = now
    new_id: Ids = new_id


def core(settings: config.Settings) -> Core:
    return Core(environment=settings.environment, records=records(settings))


def identifier(settings: config.AuthorizerSettings) -> "Identifier":
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.service.identity import Identifier

    pepper = SecretsManager(secrets_client()).read(settings.pepper_secret_arn)  # another pepper would void every key
    return Identifier(environment=settings.environment, pepper=pepper.encode(), records=records(settings), now=now)


@dataclass(frozen=True, kw_only=True)
class ApiAssets(Core):
    cursor_key: Callable[[], bytes]


def api_assets(settings: config.ApiAssetsSettings) -> ApiAssets:
    from sluice.adapters.secrets import SecretsManager, secrets_client

    secrets = SecretsManager(secrets_client())
    return ApiAssets(
        environment=settings.environment,
        records=records(settings),
        cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode(),
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


def api_uploads(settings: config.ApiUploadsSettings) -> "UploadPorts":
    import boto3

    from sluice.adapters.completion_queue import SqsCompletionQueue, sqs_client
    from sluice.adapters.part_signer import S3PartSigner
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.uploads import UploadLimits, UploadPorts

    return UploadPorts(
        environment=settings.environment,
        limits=UploadLimits(settings.upload_ttl_s, settings.part_url_ttl_s, settings.max_transcode_bytes),
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        signer=S3PartSigner(boto3.client("sts"), settings.presign_role_arn, settings.uploads_bucket, now),
        queue=SqsCompletionQueue(sqs_client(), settings.complete_queue_url),
        new_id=new_id,
        now=now,
    )


@dataclass(frozen=True, kw_only=True)
class CompleteUpload(Core):
    objects: UploadObjects


def complete_upload(settings: config.CompleteUploadSettings) -> CompleteUpload:
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client

    return CompleteUpload(
        environment=settings.environment,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
    )


@dataclass(frozen=True, kw_only=True)
class OnObjectCreated(Core):
    objects: UploadObjects
    executions: Executions


def on_object_created(settings: config.OnObjectCreatedSettings) -> OnObjectCreated:
    from sluice.adapters.executions import StepFunctionsExecutions, states_client
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client

    return OnObjectCreated(
        environment=settings.environment,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        executions=StepFunctionsExecutions(states_client(), settings.state_machine_arn),
    )


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
    from sluice.adapters.ssrf_guard import SsrfGuard
    from sluice.adapters.webhook_sender import HttpWebhookSender

    secrets = SecretsManager(secrets_client())
    return ApiWebhooks(
        environment=settings.environment,
        records=records(settings),
        sender=HttpWebhookSender(SsrfGuard(allow_loopback=settings.allow_loopback)),
        secrets=KmsSecretBox(kms_client(), settings.webhook_key_arn),
        random_bytes=token_bytes,
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
    from sluice.adapters.ssrf_guard import SsrfGuard
    from sluice.adapters.webhook_sender import HttpWebhookSender
    from sluice.adapters.webhook_signer import StandardWebhooksSigner
    from sluice.domain.deliveries import RetrySchedule
    from sluice.service.deliveries import Deliverer

    return Deliverer(
        records=records(settings),
        sender=HttpWebhookSender(SsrfGuard(allow_loopback=settings.allow_loopback)),
        signer=StandardWebhooksSigner(),
        secrets=KmsSecretBox(kms_client(), settings.webhook_key_arn),
        queue=SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url),
        dead_letters=SqsDeadLetterQueue(sqs_client(), settings.dead_letter_queue_url),
        schedule=RetrySchedule.parse(settings.retry_schedule_s),
        timeout_s=settings.timeout_s,
        now=now,
        jitter=SystemRandom().random,
    )


def transcoder(settings: config.TranscoderSettings) -> "TranscoderDeps":
    import os
    import tempfile
    from pathlib import Path

    from sluice.adapters.media_objects import S3MediaObjects
    from sluice.adapters.process import ToolRunner, locate_binaries
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.transcode import TranscoderDeps

    return TranscoderDeps(
        records=records(settings),
        sources=S3UploadObjects(s3_client(), settings.uploads_bucket),
        media=S3MediaObjects(s3_client(), settings.media_bucket),
        tools=ToolRunner(),
        binaries=locate_binaries(),
        scratch=Path(tempfile.gettempdir()),
        processors=os.cpu_count() or 1,
        now=now,
        ids=new_id,
        environment=settings.environment,
    )


def reconciler(settings: config.ReconcileSettings) -> "Reconciler":
    from sluice.adapters.completion_queue import SqsCompletionQueue, sqs_client
    from sluice.adapters.delivery_queue import SqsDeliveryQueue
    from sluice.adapters.executions import StepFunctionsExecutions, states_client
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.reconcile import Reconciler

    return Reconciler(
        environment=settings.environment,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        executions=StepFunctionsExecutions(states_client(), settings.state_machine_arn),
        completions=SqsCompletionQueue(sqs_client(), settings.complete_queue_url),
        deliveries=SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url),
        new_id=new_id,
        now=now,
    )


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    secrets: "SigningKeySecrets"
    respond: "Respond"


def signing_key() -> SigningKey:
    from sluice.adapters.signing_key_secret import SecretsManagerSigningKeys, secrets_client
    from sluice.adapters.stack_response import send_response

    return SigningKey(secrets=SecretsManagerSigningKeys(secrets_client()), respond=send_response)


@dataclass(frozen=True, kw_only=True)
class ApiPlayback(Core):
    tokens: "PlaybackTokens"
    media_base_url: str


def api_playback(settings: config.ApiPlaybackSettings) -> ApiPlayback:
    from sluice.adapters.parameters import read_parameter, ssm_client
    from sluice.adapters.playback_tokens import JwtPlaybackTokens
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.signing_secret import private_key

    secrets = SecretsManager(secrets_client())
    return ApiPlayback(
        environment=settings.environment,
        records=records(settings),
        tokens=JwtPlaybackTokens(private_key(secrets.read(settings.token_secret_arn))),
        media_base_url=read_parameter(ssm_client(), settings.media_base_url_parameter),
    )


@dataclass(frozen=True, kw_only=True)
class Playback:
    now: Clock
    ports: "PlaybackPorts"


def playback(settings: config.PlaybackSettings) -> Playback:
    from sluice.adapters.parameters import read_parameter, ssm_client
    from sluice.adapters.playback_tokens import JwtPlaybackTokens
    from sluice.adapters.playlist_files import S3PlaylistFiles, s3_client
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.signing_secret import private_key
    from sluice.adapters.url_signatures import CloudFrontUrlSigner
    from sluice.service.playback import PlaybackPorts

    secrets = SecretsManager(secrets_client())
    ports = PlaybackPorts(
        records=records(settings),
        files=S3PlaylistFiles(s3_client(), settings.media_bucket),
        tokens=JwtPlaybackTokens(private_key(secrets.read(settings.token_secret_arn))),
        urls=CloudFrontUrlSigner(private_key(secrets.read(settings.url_signing_secret_arn)), settings.key_pair_id),
        media_base_url=read_parameter(ssm_client(), settings.media_base_url_parameter),
    )
    return Playback(now=now, ports=ports)
