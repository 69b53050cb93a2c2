"""What both queues of deliveries keep, in memory and on SQS."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.delivery_queue import SqsDeadLetterQueue, SqsDeliveryQueue
from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service.webhook_ports import DeadLetterQueue
from tests.fakes.delivery_queue import FakeDeadLetterQueue
from tests.fakes.time import FakeClock

MOMENT = datetime(2026, 12, 1, 10, tzinfo=UTC)


def delivery(number: int = 1, attempts: int = 0) -> Delivery:
    return Delivery(
        id=f"dlv_{number}",
        tenant_id="ten_1",
        webhook_id="whk_1",
        event_id=f"evt_{number}",
        event_type="transcode.ready",
        asset_id="ast_1",
        sequence=number,
        state=DeliveryState.PENDING,
        attempts=attempts,
        created_at=MOMENT,
        updated_at=MOMENT,
    )


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("sqs", region_name="eu-west-1")


@pytest.fixture
def url(sqs: Any) -> str:
    made: str = sqs.create_queue(QueueName="deliveries")["QueueUrl"]
    return made


@pytest.fixture(params=["fake", "sqs"])
def dead_letters(request: pytest.FixtureRequest) -> DeadLetterQueue:
    if request.param == "fake":
        return FakeDeadLetterQueue(FakeClock())
    return SqsDeadLetterQueue(request.getfixturevalue("sqs"), request.getfixturevalue("url"))


def test_a_letter_is_received_once_until_it_comes_back(dead_letters: DeadLetterQueue) -> None:
    dead_letters.send(delivery(attempts=4))
    [letter] = dead_letters.receive()
    assert letter.message == DeliveryMessage(tenant_id="ten_1", webhook_id="whk_1", event_id="evt_1", attempt=5)
    assert dead_letters.receive() == []


def test_at_most_ten_letters_at_once(dead_letters: DeadLetterQueue) -> None:
    for number in range(12):
        dead_letters.send(delivery(number))
    received: list[str] = []
    while letters := dead_letters.receive():
        assert len(letters) <= 10
        received += [letter.message.event_id for letter in letters]
    assert sorted(received) == sorted(f"evt_{number}" for number in range(12))


def test_a_letter_that_was_not_deleted_comes_back(sqs: Any, url: str) -> None:
    queue = SqsDeadLetterQueue(sqs, url)
    queue.send(delivery(1))
    queue.send(delivery(2))
    first, second = sorted(queue.receive(), key=lambda letter: letter.message.event_id)
    queue.delete(first)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second.receipt, VisibilityTimeout=0)
    assert [letter.message.event_id for letter in queue.receive()] == ["evt_2"]


def test_a_letter_that_nobody_can_read_stays(sqs: Any, url: str, caplog: pytest.LogCaptureFixture) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="not ours")
    queue = SqsDeadLetterQueue(sqs, url)
    queue.send(delivery())
    assert [letter.message.event_id for letter in queue.receive()] == ["evt_1"]
    assert queue.receive() == []
    assert caplog.messages == ["dead_letter_unreadable"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "2"


def test_a_delivery_message_on_the_wire(sqs: Any, url: str) -> None:
    SqsDeliveryQueue(sqs, url).send(delivery(attempts=1), delay_s=0)
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == {
        "tenant_id": "ten_1",
        "webhook_id": "whk_1",
        "event_id": "evt_1",
        "attempt": 2,
    }
    assert message["Attributes"]["MessageGroupId"] == "whk_1"


def test_a_delay_is_the_queues(sqs: Any, url: str) -> None:
    SqsDeliveryQueue(sqs, url).send(delivery(), delay_s=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert attributes["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


@pytest.mark.parametrize("queue", [SqsDeliveryQueue, SqsDeadLetterQueue])
def test_a_queue_that_fails_says_so(sqs: Any, queue: Callable[[Any, str], Any]) -> None:
    absent = queue(sqs, "https://sqs.eu-west-1.amazonaws.com/123456789012/absent")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        absent.send(delivery(), delay_s=0) if queue is SqsDeliveryQueue else absent.send(delivery())
