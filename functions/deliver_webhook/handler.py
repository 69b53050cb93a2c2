"""Delivery queue -> one signed attempt per message.

Retryable: SQS may hand a message out twice, and does so after a crash.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sluice import bootstrap
from sluice.config import DeliverWebhookSettings
from sluice.domain.deliveries import DeliveryMessage
from sluice.observability import logged, observed
from sluice.service.deliveries import Deliverer, deliver

processor = BatchProcessor(EventType.SQS)


@cache
def deps() -> Deliverer:
    return bootstrap.deliver_webhook(DeliverWebhookSettings.from_env())


@logged
def handle(record: SQSRecord) -> None:
    deliver(DeliveryMessage.model_validate_json(record.body), ports=deps())


@observed("deliver_webhook")
def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
