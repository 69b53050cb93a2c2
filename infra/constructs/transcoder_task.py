"""The Fargate task that transcodes one job."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.fargate_task import FargateTask, TaskSize
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS
from infra.constructs.task_cluster import TaskCluster
from sluice.config import TranscoderSettings

# Each run overrides it (sluice.domain.task_sizes); by hand, a task takes the largest upload there may be.
SIZE = TaskSize(cpu=4096, memory_mib=8192, storage_gib=200)


def transcoder_task(
    scope: Construct, *, tasks: TaskCluster, table: dynamodb.ITable, uploads: s3.IBucket, media: s3.IBucket
) -> FargateTask:
    task = FargateTask(
        scope,
        "Transcoder",
        name="transcoder",
        tasks=tasks,
        size=SIZE,
        environment=TranscoderSettings.to_env(
            environment=tasks.config.environment,
            table_name=table.table_name,
            uploads_bucket=uploads.bucket_name,
            media_bucket=media.bucket_name,
            chunk_over_s=tasks.config.chunk_over_s,
            chunk_s=tasks.config.chunk_s,
        ),
        security_group=tasks.network.way_out("Transcoder"),
    )
    task.allow_rows(table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])  # publishing gives the lease back
    task.allow(["s3:GetObject"], [uploads.arn_for_objects("uploads/*")])
    task.allow(["s3:PutObject"], [media.arn_for_objects(prefix) for prefix in ("media/*", "playlists/*")])
    # between the tasks of one job; a large piece is put in parts
    task.allow(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], [media.arn_for_objects("work/*")])
    return task
