"""The Fargate task that fetches one source from its URL into the uploads bucket: the transcoder's image, other rights.

It parses what strangers' servers send, so it can write originals and rows of uploads and nothing else.
"""

from aws_cdk import Aws
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.fargate_task import FargateTask, TaskSize
from infra.constructs.grants import COUNT_ROWS, READ_ROWS, WRITE_ROWS
from infra.constructs.task_cluster import TaskCluster
from sluice.config import FetcherSettings

SIZE = TaskSize(cpu=1024, memory_mib=2048)  # bytes pass through; nothing is stored on its disk


def fetcher_task(
    scope: Construct, *, tasks: TaskCluster, table: dynamodb.ITable, uploads: s3.IBucket, completions: sqs.IQueue
) -> FargateTask:
    config = tasks.config
    task = FargateTask(
        scope,
        "Fetcher",
        name="fetcher",
        tasks=tasks,
        size=SIZE,
        environment=FetcherSettings.to_env(
            environment=config.environment,
            table_name=table.table_name,
            uploads_bucket=uploads.bucket_name,
            complete_queue_url=completions.queue_url,
            ingest_buckets=",".join(config.ingest_buckets),
            plain_http=config.ingest_plain_http,
            allow_loopback=config.allow_loopback,
        ),
        security_group=tasks.network.way_out("Fetcher", plain_http=config.ingest_plain_http),
    )
    task.allow_rows(table, [*READ_ROWS, *WRITE_ROWS, *COUNT_ROWS])
    task.allow(
        ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        [uploads.arn_for_objects("uploads/*")],
    )
    task.allow(["sqs:SendMessage"], [completions.queue_arn])
    if config.ingest_buckets:
        sources = [f"arn:{Aws.PARTITION}:s3:::{bucket}/*" for bucket in config.ingest_buckets]
        # names are the world's: one that was given up may be somebody else's bucket by now
        ours = {"StringEquals": {"aws:ResourceAccount": Aws.ACCOUNT_ID}}
        task.allow(["s3:GetObject"], sources, ours)
    return task
