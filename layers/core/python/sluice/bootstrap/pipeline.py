"""From the upload to the published version: upload routes, completion, intake, transcoder, reconcile."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.bootstrap.deployable import Core, records
from sluice.bootstrap.starting import admission
from sluice.service.ports import Executions, UploadObjects

if TYPE_CHECKING:
    from sluice.service.ingest import IngestPorts
    from sluice.service.reconcile import Reconciler
    from sluice.service.transcode import TranscoderDeps
    from sluice.service.upload_access import UploadPorts


def api_uploads(settings: config.ApiUploadsSettings) -> "UploadPorts":
    import boto3

    from sluice.adapters.completion_queue import SqsCompletionQueue, sqs_client
    from sluice.adapters.metadata_schemas import JsonMetadataSchemas
    from sluice.adapters.part_signer import S3PartSigner
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.upload_access import UploadLimits, UploadPorts

    secrets = SecretsManager(secrets_client())

    return UploadPorts(
        environment=settings.environment,
        limits=UploadLimits(
            settings.upload_ttl_s,
            settings.part_url_ttl_s,
            settings.max_transcode_bytes,
            max_open_fetches=0,  # it opens none
        ),
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        schemas=JsonMetadataSchemas(),
        token_key=lambda: secrets.read(settings.upload_token_secret_arn).encode(),
        signer=S3PartSigner(boto3.client("sts"), settings.presign_role_arn, settings.uploads_bucket, now),
        queue=SqsCompletionQueue(sqs_client(), settings.complete_queue_url),
        new_id=new_id,
        now=now,
    )


def api_ingest(settings: config.ApiIngestSettings) -> "IngestPorts":
    from sluice.adapters.executions import StepFunctionsExecutions, states_client
    from sluice.adapters.ingest_sources import GuardedSources
    from sluice.adapters.metadata_schemas import JsonMetadataSchemas
    from sluice.adapters.ssrf_guard import INGEST_PORTS, INGEST_PORTS_WITH_PLAIN_HTTP
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.ingest import IngestPorts
    from sluice.service.upload_access import UploadLimits

    return IngestPorts(
        environment=settings.environment,
        limits=UploadLimits(
            settings.upload_ttl_s,
            settings.part_url_ttl_s,
            settings.max_transcode_bytes,
            max_open_fetches=settings.max_open_fetches,
        ),
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        schemas=JsonMetadataSchemas(),
        fetches=StepFunctionsExecutions(states_client(), settings.fetch_state_machine_arn),
        sources=GuardedSources(
            ports=INGEST_PORTS_WITH_PLAIN_HTTP if settings.plain_http else INGEST_PORTS,
            allow_loopback=settings.allow_loopback,
            buckets=config.bucket_names(settings.ingest_buckets) - {settings.uploads_bucket},
        ),
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
class FailFetch(Core):
    objects: UploadObjects


def fail_fetch(settings: config.FailFetchSettings) -> FailFetch:
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client

    return FailFetch(
        environment=settings.environment,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
    )


@dataclass(frozen=True, kw_only=True)
class OnObjectCreated(Core):
    objects: UploadObjects
    executions: Executions


def on_object_created(settings: config.OnObjectCreatedSettings) -> OnObjectCreated:
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client

    return OnObjectCreated(
        environment=settings.environment,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        executions=admission(settings),
    )


def transcoder(settings: config.TranscoderSettings) -> "TranscoderDeps":
    import os
    import tempfile
    from pathlib import Path

    from sluice.adapters.media_objects import S3MediaObjects
    from sluice.adapters.memory_guard import guard_memory
    from sluice.adapters.process import ToolRunner, locate_binaries
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.adapters.work_objects import S3WorkObjects
    from sluice.service.chunk_ports import Chunking
    from sluice.service.transcode import TranscoderDeps

    guard_memory()  # before the first program starts
    return TranscoderDeps(
        records=records(settings),
        sources=S3UploadObjects(s3_client(), settings.uploads_bucket),
        media=S3MediaObjects(s3_client(), settings.media_bucket),
        tools=ToolRunner(),
        binaries=locate_binaries(),
        scratch=Path(tempfile.gettempdir()),
        processors=os.cpu_count() or 1,
        work=S3WorkObjects(s3_client(), settings.media_bucket),
        chunking=Chunking(over_s=settings.chunk_over_s, length_s=settings.chunk_s),
        now=now,
        ids=new_id,
        environment=settings.environment,
    )


def reconciler(settings: config.ReconcileSettings) -> "Reconciler":
    from sluice.adapters.completion_queue import SqsCompletionQueue, sqs_client
    from sluice.adapters.delivery_log import DynamoDeliveryLog
    from sluice.adapters.delivery_queue import SqsDeliveryQueue
    from sluice.adapters.executions import StepFunctionsExecutions, states_client
    from sluice.adapters.function_calls import LambdaThumbnailMaker, lambda_client
    from sluice.adapters.media_objects import S3MediaObjects
    from sluice.adapters.records import dynamodb_client
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.reconcile import Reconciler

    table = DynamoDeliveryLog(dynamodb_client(), settings.table_name)
    return Reconciler(
        environment=settings.environment,
        records=table,
        log=table,
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        executions=admission(settings),
        fetches=StepFunctionsExecutions(states_client(), settings.fetch_state_machine_arn),
        completions=SqsCompletionQueue(sqs_client(), settings.complete_queue_url),
        deliveries=SqsDeliveryQueue(sqs_client(), settings.delivery_queue_url),
        thumbnails=LambdaThumbnailMaker(lambda_client(), settings.make_thumbnail_function),
        pictures=S3MediaObjects(s3_client(), settings.media_bucket),
        new_id=new_id,
        now=now,
    )
