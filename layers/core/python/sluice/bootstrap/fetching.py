"""The task that fetches an upload from its URL."""

from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.bootstrap.deployable import records

if TYPE_CHECKING:
    from sluice.service.fetch_task import FetchPorts


def fetcher(settings: config.FetcherSettings) -> "FetchPorts":
    import time

    from sluice.adapters.completion_queue import SqsCompletionQueue, sqs_client
    from sluice.adapters.source_copies import S3SourceCopies
    from sluice.adapters.source_reader import HttpSourceReader
    from sluice.adapters.ssrf_guard import INGEST_PORTS, INGEST_PORTS_WITH_PLAIN_HTTP, SsrfGuard
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.service.fetch_task import FetchLimits, FetchPorts

    ports = INGEST_PORTS_WITH_PLAIN_HTTP if settings.plain_http else INGEST_PORTS
    named = {bucket.strip() for bucket in settings.ingest_buckets.split(",")}
    return FetchPorts(
        environment=settings.environment,
        limits=FetchLimits(
            max_bytes=settings.max_bytes,
            deadline_s=settings.deadline_s,
            min_rate_bytes_s=settings.min_rate_bytes_s,
            ingest_buckets=frozenset(named - {"", settings.uploads_bucket}),  # that one holds every tenant's files
        ),
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        sources=HttpSourceReader(SsrfGuard(allow_loopback=settings.allow_loopback, ports=ports)),
        copies=S3SourceCopies(s3_client(), settings.uploads_bucket),
        queue=SqsCompletionQueue(sqs_client(), settings.complete_queue_url),
        new_id=new_id,
        now=now,
        pause=time.sleep,
    )
