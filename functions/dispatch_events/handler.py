"""Table stream, new event rows -> one delivery per endpoint.

Retryable: the stream repeats a batch from its first failed record.
"""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from sluice import bootstrap
from sluice.config import DispatchEventsSettings
from sluice.observability import logged, observed
from sluice.service.dispatch import dispatch_event

logger = logging.getLogger(__name__)

LEAST_MS = 20_000  # of the call, to begin with one more event: fifty endpoints take a second or two of a quiet table

processor = BatchProcessor(EventType.DynamoDBStreams)


class NoTimeLeft(Exception):
    """A call that is cut off is repeated from its first record; one that stops by itself, from here."""


@cache
def deps() -> bootstrap.DispatchEvents:
    return bootstrap.dispatch_events(DispatchEventsSettings.from_env())


@logged
def handle(record: DynamoDBRecord) -> None:
    d = deps()
    event = d.read_event(record.raw_event["dynamodb"]["NewImage"])
    dispatch_event(event=event, records=d.records, queue=d.queue, new_id=d.new_id, now=d.now)


def handle_in_time(record: DynamoDBRecord, lambda_context: Any) -> None:
    if lambda_context.get_remaining_time_in_millis() < LEAST_MS:
        raise NoTimeLeft()
    handle(record)


@observed("dispatch_events")
def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    answer = process_partial_response(event=event, record_handler=handle_in_time, processor=processor, context=context)
    if left := sum(kind is NoTimeLeft for kind, *_ in processor.exceptions):
        logger.warning("records_left", extra={"records": left})
    return answer
