"""Webhook endpoints that are down or refuse: nothing is lost, and it comes when they are back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.demo.receiver import Receiver
from sluice.adapters.items import from_item
from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.models import Delivery
from tests.e2e.customer import Customer
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

ONE_EVENT = ["upload.created"]  # a reserved slot makes one of it


@dataclass(frozen=True)
class Endpoint:
    customer: Customer
    stacks: Stacks
    webhook_id: str

    def delivery(self) -> Delivery | None:
        """The one delivery to this endpoint."""
        found = [from_item(Delivery, row) for row in self._rows("", "DELIVERY#")]
        assert len(found) <= 1
        return found[0] if found else None

    def attempts(self) -> list[DeliveryAttempt]:
        delivery = self.delivery()
        rows = self._rows(f"#DELIVERY#{delivery.event_id}", "ATTEMPT#") if delivery else []
        return [from_item(DeliveryAttempt, row) for row in rows]

    def _rows(self, below: str, prefix: str) -> list[dict[str, Any]]:
        return self.stacks.rows(f"TENANT#{self.customer.tenant_id}#WEBHOOK#{self.webhook_id}{below}", prefix)

    def in_state(self, state: str) -> Delivery:
        def look() -> Delivery | None:
            delivery = self.delivery()
            return delivery if delivery and delivery.state == state else None

        return eventually(look, f"a delivery that is {state}")


@contextmanager
def registered(customer: Customer, stacks: Stacks, receiver: Receiver, events: Sequence[str]) -> Iterator[Endpoint]:
    made = customer.api.call("POST", "/v1/webhooks", {"url": receiver.url, "event_types": list(events)})
    receiver.trust(made["secret"])
    try:
        yield Endpoint(customer, stacks, made["webhook_id"])
    finally:
        customer.api.call("DELETE", f"/v1/webhooks/{made['webhook_id']}")


def dead_letters(stacks: Stacks) -> list[dict[str, Any]]:
    """Read without being taken out."""
    answer = stacks.engine.client("sqs").receive_message(
        QueueUrl=stacks.outputs["DeliveryDeadLetterQueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [json.loads(letter["Body"]) for letter in answer.get("Messages", [])]


def test_an_endpoint_that_is_down_gets_it_after_a_redrive(customer: Customer, stacks: Stacks) -> None:
    receiver = Receiver()
    with registered(customer, stacks, receiver, ONE_EVENT) as endpoint:
        slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": 1000})
        dead = endpoint.in_state("dead")
        assert dead.attempts == 4
        assert [(one.number, one.status, one.failure) for one in endpoint.attempts()] == [
            (number, None, "connection") for number in (1, 2, 3, 4)
        ]
        letters = dead_letters(stacks)
        assert [(letter["webhook_id"], letter["event_id"]) for letter in letters] == [
            (endpoint.webhook_id, dead.event_id)
        ]
        with receiver:
            assert stacks.operator.redrive() == {"sent": 1, "dropped": 0, "kept": 0}
            received = receiver.wait(slot["asset_id"], 0, timeout_s=60)
            assert [(one.type, one.verified) for one in received] == [("upload.created", True)]
            assert endpoint.in_state("delivered").attempts == 5
            assert [request.webhook_id for request in receiver.requests] == [dead.event_id]
        assert dead_letters(stacks) == []
        assert stacks.operator.redrive() == {"sent": 0, "dropped": 0, "kept": 0}


def test_an_endpoint_that_refuses_twice_gets_it_the_third_time(customer: Customer, stacks: Stacks) -> None:
    with (
        Receiver(refusals=[500, 500]) as receiver,
        registered(customer, stacks, receiver, ONE_EVENT) as endpoint,
    ):
        slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": 1000})
        received = receiver.wait(slot["asset_id"], 0, timeout_s=60)
        assert [(one.type, one.verified) for one in received] == [("upload.created", True)]
        delivered = endpoint.in_state("delivered")
        assert [(request.webhook_id, request.status) for request in receiver.requests] == [
            (delivered.event_id, status) for status in (500, 500, 204)
        ]
        assert received[0].event["id"] == delivered.event_id
        assert [(one.number, one.status, one.failure) for one in endpoint.attempts()] == [
            (1, 500, "status"),
            (2, 500, "status"),
            (3, 204, None),
        ]
        assert dead_letters(stacks) == []


def test_an_endpoint_that_is_gone_is_switched_off(customer: Customer, stacks: Stacks) -> None:
    with (
        Receiver(refusals=[410]) as receiver,
        registered(customer, stacks, receiver, ONE_EVENT) as endpoint,
    ):
        customer.api.call("POST", "/v1/uploads", {"size_bytes": 1000})
        assert endpoint.in_state("dead").last_status == 410
        assert customer.api.call("GET", f"/v1/webhooks/{endpoint.webhook_id}")["enabled"] is False
        assert dead_letters(stacks) == []


def test_an_endpoint_gets_what_it_asked_for_only(customer: Customer, stacks: Stacks) -> None:
    with (
        Receiver() as receiver,
        registered(customer, stacks, receiver, ["asset.*"]) as endpoint,
    ):
        slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": 1000})
        customer.api.call("DELETE", f"/v1/uploads/{slot['upload_id']}")
        assert [one.type for one in customer.history(slot)] == ["asset.created", "upload.created", "upload.aborted"]
        endpoint.in_state("delivered")
        assert [one.type for one in receiver.events(slot["asset_id"])] == ["asset.created"]
