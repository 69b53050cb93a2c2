"""The queue and stream functions: what they read, and which records they report as failed."""

import json
from typing import Any

import pytest

from functions.deliver_webhook import handler as deliver_handler
from functions.dispatch_events import handler as dispatch_handler
from sluice import bootstrap
from sluice.adapters.items import from_item, to_item
from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.events import Event
from sluice.domain.states import DeliveryState
from tests.fakes.gateway import LambdaContext
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> WebhookWorld:
    made = WebhookWorld()
    deps = bootstrap.DispatchEvents(
        environment="dev",
        records=made.records,
        now=made.now,
        new_id=made.new_id,
        queue=made.queue,
        read_event=lambda image: from_item(Event, image),
    )
    monkeypatch.setattr(dispatch_handler, "deps", lambda: deps)
    monkeypatch.setattr(deliver_handler, "deps", lambda: made.ports)
    return made


def stream_record(number: int, image: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventID": f"record-{number}",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {"SequenceNumber": str(number), "NewImage": image, "StreamViewType": "NEW_IMAGE"},
    }


def sqs_record(number: int, body: str) -> dict[str, Any]:
    return {"messageId": f"message-{number}", "body": body, "eventSource": "aws:sqs", "attributes": {}}


def test_a_stream_record_becomes_deliveries(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    answer = dispatch_handler.lambda_handler({"Records": [stream_record(1, to_item(event))]}, LambdaContext())
    assert answer == {"batchItemFailures": []}
    assert world.delivery(endpoint, event).state is DeliveryState.PENDING


def test_a_poison_record_fails_alone(world: WebhookWorld, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = world.endpoint()
    event = world.event()
    records = [stream_record(1, {"pk": {"S": "x"}}), stream_record(2, to_item(event))]
    answer = dispatch_handler.lambda_handler({"Records": records}, LambdaContext())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert world.delivery(endpoint, event).state is DeliveryState.PENDING
    assert "record_failed" in caplog.messages


def test_a_batch_that_fails_whole_is_an_error_of_the_function(world: WebhookWorld) -> None:
    """So it is counted as one, and halved: the alarm rings, and a poison record is found."""
    poison = [stream_record(number, {"pk": {"S": "x"}}) for number in (1, 2)]
    with pytest.raises(dispatch_handler.NothingDispatched, match="2 records"):
        dispatch_handler.lambda_handler({"Records": poison}, LambdaContext())


class EndingContext(LambdaContext):
    """Of a call that has time for so many records."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self._left = records

    def get_remaining_time_in_millis(self) -> int:
        self._left -= 1
        return 60_000 if self._left >= 0 else 5_000


def test_what_there_is_no_time_for_is_left_to_the_next_call(
    world: WebhookWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that is cut off would be repeated from its first record."""
    endpoint = world.endpoint()
    events = [world.event() for _ in range(4)]
    records = [stream_record(number, to_item(event)) for number, event in enumerate(events, 1)]
    answer = dispatch_handler.lambda_handler({"Records": records}, EndingContext(2))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "4"}]}
    assert [delivery.event_id for delivery in world.deliveries()] == [event.id for event in events[:2]]
    assert caplog.messages.count("records_left") == 1 and "record_failed" not in caplog.messages
    assert dispatch_handler.lambda_handler({"Records": records[2:]}, LambdaContext()) == {"batchItemFailures": []}
    assert all(world.delivery(endpoint, event) for event in events)


def test_a_message_becomes_an_attempt(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    body = DeliveryMessage.of(world.delivery(endpoint, event)).model_dump_json()
    answer = deliver_handler.lambda_handler({"Records": [sqs_record(1, body)]}, LambdaContext())
    assert answer == {"batchItemFailures": []}
    assert world.delivery(endpoint, event).state is DeliveryState.DELIVERED


def test_a_message_that_cannot_be_read_is_not_acknowledged(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    good = DeliveryMessage.of(world.delivery(endpoint, event)).model_dump_json()
    records = [sqs_record(1, json.dumps({"tenant_id": "ten_x"})), sqs_record(2, good)]
    answer = deliver_handler.lambda_handler({"Records": records}, LambdaContext())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
