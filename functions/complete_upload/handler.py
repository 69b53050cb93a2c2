"""SQS -> join the parts of an upload.

Body: {"tenant_id", "upload_id"}. Retryable: a repeat finds nothing left to do.
"""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import CompleteUploadSettings
from sluice.observability import logged, observed
from sluice.service.completion import complete_upload

processor = BatchProcessor(EventType.SQS)


@cache
def deps() -> bootstrap.CompleteUpload:
    return bootstrap.complete_upload(CompleteUploadSettings.from_env())


@logged
def handle(record: SQSRecord) -> None:
    wanted = json.loads(record.body)
    complete_upload(
        tenant_id=wanted["tenant_id"],
        upload_id=wanted["upload_id"],
        environment=deps().environment,
        records=deps().records,
        objects=deps().objects,
        new_id=deps().new_id,
        now=deps().now,
    )


@observed("complete_upload")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
