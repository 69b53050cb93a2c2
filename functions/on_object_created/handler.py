"""EventBridge "Object Created" through SQS -> check the object and start its transcode.

Retryable: S3 may tell it twice.
"""

import json
import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import OnObjectCreatedSettings
from sluice.observability import logged, observed
from sluice.service.intake import accept_object, parse_key

logger = logging.getLogger(__name__)
processor = BatchProcessor(EventType.SQS)


@cache
def deps() -> bootstrap.OnObjectCreated:
    return bootstrap.on_object_created(OnObjectCreatedSettings.from_env())


@logged
def handle(record: SQSRecord) -> None:
    key = json.loads(record.body)["detail"]["object"]["key"]  # through EventBridge keys are not URL-encoded
    parsed = parse_key(key)
    if parsed is None:
        logger.warning("foreign_object", extra={"key": key})
        return
    tenant_id, upload_id = parsed
    job = accept_object(
        tenant_id=tenant_id,
        upload_id=upload_id,
        environment=deps().environment,
        records=deps().records,
        objects=deps().objects,
        executions=deps().executions,
        new_id=deps().new_id,
        now=deps().now,
    )
    logger.info("object_accepted", extra={"upload_id": upload_id, "job_id": job.id if job else None})


@observed("on_object_created")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
