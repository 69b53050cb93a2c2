"""Delivery queue -> one signed attempt per message, all messages of a batch at once.

Retryable: SQS may hand a message out twice, and does so after a crash.
"""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sluice import bootstrap
from sluice.config import DeliverWebhookSettings
from sluice.domain.deliveries import DeliveryMessage
from sluice.observability import logged, observed
from sluice.service.deliveries import Deliverer, deliver

THREADS = 10  # the largest batch that SQS hands over without waiting for it to fill


@cache
def deps() -> Deliverer:
    return bootstrap.deliver_webhook(DeliverWebhookSettings.from_env())


@cache
def senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="sender")


@logged
def handle(record: SQSRecord) -> None:
    deliver(DeliveryMessage.model_validate_json(record.body), ports=deps())


@observed("deliver_webhook")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Each message fails alone. Powertools' batches go one by one: a slow endpoint would hold up nine others."""
    records = [SQSRecord(record) for record in event["Records"]]
    deps()  # once, before the threads ask for it
    futures = [senders().submit(copy_context().run, handle, record) for record in records]  # log fields come along
    failed = [record for record, future in zip(records, futures, strict=True) if future.exception()]
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in failed]}
