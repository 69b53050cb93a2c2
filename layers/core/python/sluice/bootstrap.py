"""The composition root: one function per deployable wires its use cases to adapters. Called on first use, never at
import.

Adapters are imported inside the functions, so that a function's cold start pays for its own adapters only.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.service.ports import Clock, CompletionQueue, Executions, Ids, PartSigner, Records, UploadObjects

if TYPE_CHECKING:
    from sluice.service.reconcile import Reconciler
    from sluice.service.transcode import TranscoderDeps


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


@dataclass(frozen=True, kw_only=True)
class ApiUploads(Core):
    settings: config.ApiUploadsSettings
    objects: UploadObjects
    signer: PartSigner
    queue: CompletionQueue


def api_uploads(settings: config.ApiUploadsSettings) -> ApiUploads:
    import boto3

    from sluice.adapters.completion_queue import SqsCompletionQueue, sqs_client
    from sluice.adapters.part_signer import S3PartSigner
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client

    return ApiUploads(
        environment=settings.environment,
        settings=settings,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        signer=S3PartSigner(boto3.client("sts"), settings.presign_role_arn, settings.uploads_bucket, now),
        queue=SqsCompletionQueue(sqs_client(), settings.complete_queue_url),
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


def transcoder(settings: config.TranscoderSettings) -> "TranscoderDeps":
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
