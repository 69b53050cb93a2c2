"""Table stream, new event rows -> one delivery per endpoint.

Retryable: the stream repeats a batch from its first failed record.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from sluice import bootstrap
from sluice.config import DispatchEventsSettings
from sluice.observability import logged, observed
from sluice.service.dispatch import dispatch_event

processor = BatchProcessor(EventType.DynamoDBStreams)


@cache
def deps() -> bootstrap.DispatchEvents:
    return bootstrap.dispatch_events(DispatchEventsSettings.from_env())


@logged
def handle(record: DynamoDBRecord) -> None:
    d = deps()
    event = d.read_event(record.raw_event["dynamodb"]["NewImage"])
    dispatch_event(event=event, records=d.records, queue=d.queue, new_id=d.new_id, now=d.now)


@observed("dispatch_events")
def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
