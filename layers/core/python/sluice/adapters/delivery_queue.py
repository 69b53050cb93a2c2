"""Delivery queue and its dead letters on SQS. Both carry the same body: a redrive can read what SQS itself moved."""

import logging
from typing import Any

from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.models import Delivery
from sluice.service.webhook_ports import DeadLetter

logger = logging.getLogger(__name__)

HIDDEN_S = 120  # a letter that a redrive took but did not delete comes back after this


def _body(delivery: Delivery) -> str:
    return DeliveryMessage.of(delivery).model_dump_json()


class SqsDeliveryQueue:
    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._url = queue_url

    def send(self, delivery: Delivery, *, delay_s: int) -> None:
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=_body(delivery),
            DelaySeconds=delay_s,
            MessageGroupId=delivery.webhook_id,  # standard queue: fair shares between endpoints, no ordering
        )


class SqsDeadLetterQueue:
    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._url = queue_url

    def send(self, delivery: Delivery) -> None:
        self._client.send_message(QueueUrl=self._url, MessageBody=_body(delivery), MessageGroupId=delivery.webhook_id)

    def receive(self) -> list[DeadLetter]:
        """A letter that cannot be read stays in the queue, and its alarm with it."""
        letters: list[DeadLetter] = []
        while not letters:
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=1
            )
            messages = answer.get("Messages", [])
            if not messages:
                return []
            for message in messages:
                try:
                    letters.append(
                        DeadLetter(DeliveryMessage.model_validate_json(message["Body"]), message["ReceiptHandle"])
                    )
                except ValueError:
                    logger.error("dead_letter_unreadable", extra={"message_id": message["MessageId"]})
        return letters

    def delete(self, letter: DeadLetter) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)
