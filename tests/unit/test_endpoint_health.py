"""Room at an endpoint: slots, pace, the circuit; and deliveries that are held back without losing an attempt."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.endpoint_health import FIRST_PAUSE, LONGEST_PAUSE, MAX_IN_FLIGHT, SILENT_TO_OPEN, SendSlot
from sluice.domain.errors import WriteConflict
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import Outcome, deliver
from sluice.service.ports import Create, Replace, Write
from sluice.service.webhook_ports import Answer, SendFailed
from tests.fakes.records import FakeRecords
from tests.fakes.webhook_sender import Post, ok, status
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


class Contested(FakeRecords):
    """A slot that looks free has just been taken, and is free again at the next look."""

    def commit(self, *writes: Write) -> None:
        if any(isinstance(write, Create | Replace) and isinstance(write.record, SendSlot) for write in writes):
            raise WriteConflict()
        super().commit(*writes)


def silent(_: Post) -> Answer:
    raise SendFailed("timeout", 15_000)


def send(world: WebhookWorld, endpoint: WebhookEndpoint) -> Outcome:
    """The first attempt of a new event."""
    event = world.event()
    world.dispatch(event)
    return deliver(DeliveryMessage.of(world.delivery(endpoint, event)), ports=world.ports)


def open_circuit(world: WebhookWorld) -> WebhookEndpoint:
    endpoint = world.endpoint()
    world.sender.answer = silent
    assert [send(world, endpoint) for _ in range(SILENT_TO_OPEN)] == [Outcome.RETRYING] * SILENT_TO_OPEN
    return endpoint


def test_an_endpoint_holds_no_more_senders_than_it_has_slots(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    at_once: list[int] = []

    def send_another_meanwhile(_: Post) -> Answer:
        at_once.append(len(world.sender.posts))
        if send(world, endpoint) is Outcome.HELD:
            at_once.append(-1)
        return ok(_)

    world.sender.answer = send_another_meanwhile
    assert send(world, endpoint) is Outcome.DELIVERED
    assert at_once == [*range(1, MAX_IN_FLIGHT + 1), -1]


def test_a_slot_of_a_sender_that_died_becomes_free(world: WebhookWorld) -> None:
    class Died(BaseException): ...

    def die(_: Post) -> Answer:
        raise Died

    endpoint = world.endpoint()
    world.sender.answer = die
    for _ in range(MAX_IN_FLIGHT):
        with pytest.raises(Died):
            send(world, endpoint)
    world.sender.answer = ok
    assert send(world, endpoint) is Outcome.HELD
    world.now.tick(seconds=36)
    assert send(world, endpoint) is Outcome.DELIVERED


def test_a_held_delivery_uses_up_no_attempt_and_comes_back(world: WebhookWorld) -> None:
    endpoint = open_circuit(world)
    event = world.event()
    world.dispatch(event)
    message = DeliveryMessage.of(world.delivery(endpoint, event))
    assert deliver(message, ports=world.ports) is Outcome.HELD
    held = world.delivery(endpoint, event)
    assert (held.state, held.attempts, held.holds) == (DeliveryState.PENDING, 0, 1)
    assert deliver(message, ports=world.ports) is Outcome.SUPERSEDED, "a copy that comes too early"
    world.sender.answer = ok
    for _ in range(40):
        world.now.tick(seconds=10)
        world.work()
    after = world.delivery(endpoint, event)
    assert (after.state, after.attempts, after.holds) == (DeliveryState.DELIVERED, 1, 0)


def test_a_held_delivery_whose_message_is_lost_is_swept(world: WebhookWorld) -> None:
    endpoint = open_circuit(world)
    world.queue.held.clear()
    assert send(world, endpoint) is Outcome.HELD
    world.queue.held.clear()
    world.sender.answer = ok
    world.now.tick(minutes=3)
    world.sweep()
    assert world.work().count(Outcome.DELIVERED) >= 1


def test_the_circuit_half_opens_for_one_attempt(world: WebhookWorld) -> None:
    endpoint = open_circuit(world)
    posts = len(world.sender.posts)
    assert send(world, endpoint) is Outcome.HELD
    assert len(world.sender.posts) == posts, "nothing is sent while it is open"
    world.now.tick(seconds=FIRST_PAUSE.total_seconds())

    def probe(_: Post) -> Answer:
        assert send(world, endpoint) is Outcome.HELD, "one at a time"
        return ok(_)

    world.sender.answer = probe
    assert send(world, endpoint) is Outcome.DELIVERED
    world.sender.answer = ok
    assert [send(world, endpoint) for _ in range(3)] == [Outcome.DELIVERED] * 3


def test_an_answer_between_keeps_the_circuit_closed(world: WebhookWorld) -> None:
    """Five in a row open it: one that answers, however badly, is there."""
    endpoint = world.endpoint()
    for answer in [silent] * (SILENT_TO_OPEN - 1) + [status(500)] + [silent] * (SILENT_TO_OPEN - 1):
        world.sender.answer = answer
        assert send(world, endpoint) is Outcome.RETRYING
    world.sender.answer = ok
    assert send(world, endpoint) is Outcome.DELIVERED


def test_one_that_is_always_too_late_for_a_slot_is_held(world: WebhookWorld) -> None:
    """As a conflict its message would come back after minutes, and a burst would fill the dead letters."""
    endpoint, event = world.endpoint(), world.event()
    world.dispatch(event)
    records = Contested()
    records.rows = world.records.rows
    world.with_ports(records=records)
    message = DeliveryMessage.of(world.delivery(endpoint, event))
    assert deliver(message, ports=world.ports) is Outcome.HELD
    assert (world.sender.posts, world.delivery(endpoint, event).holds) == ([], 1)
    world.with_ports(records=world.records)
    world.now.tick(seconds=3)
    assert Outcome.DELIVERED in world.work()


def test_pauses_double_while_probes_fail(world: WebhookWorld) -> None:
    endpoint = open_circuit(world)
    pauses = []
    for _ in range(8):
        health = world.records.gate(world.tenant.id, endpoint.id).health
        assert health and health.paused_until
        pauses.append(health.paused_until - world.now())
        world.now.moment = health.paused_until
        assert send(world, endpoint) is Outcome.RETRYING
    assert pauses == [min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in range(8)]


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (status(429), FIRST_PAUSE),
        (status(502), FIRST_PAUSE),
        (status(504), FIRST_PAUSE),
        (status(429, retry_after_s=600), timedelta(minutes=10)),
        (status(503, retry_after_s=60), timedelta(minutes=1)),
        (status(429, retry_after_s=10**9), timedelta(days=1)),
        (status(500), None),
        (status(404), None),
    ],
    ids=["429", "502", "504", "retry-after", "retry-after of any", "a day at most", "500", "404"],
)
def test_an_overloaded_endpoint_is_left_alone(
    world: WebhookWorld, answer: Callable[[Post], Answer], pause: timedelta | None
) -> None:
    endpoint = world.endpoint()
    world.sender.answer = answer
    send(world, endpoint)
    health = world.records.gate(world.tenant.id, endpoint.id).health
    assert health
    assert health.paused_until == (world.now() + pause if pause else None)


def test_plain_failures_open_nothing(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.sender.answer = status(500)
    assert {send(world, endpoint) for _ in range(30)} == {Outcome.RETRYING}


def test_one_success_forgets_the_failures_before(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    for _ in range(3):
        world.sender.answer = silent
        assert {send(world, endpoint) for _ in range(SILENT_TO_OPEN - 1)} == {Outcome.RETRYING}
        world.sender.answer = ok
        assert send(world, endpoint) is Outcome.DELIVERED


@pytest.mark.parametrize("rate", [1, 3, 10, 25])
def test_the_pace_of_an_endpoint(world: WebhookWorld, rate: int) -> None:
    endpoint = world.endpoint()
    limited = endpoint.model_copy(update={"max_per_second": rate, "version": 2})
    world.records.commit(Replace(limited))
    sent = 0
    for _ in range(200):  # 20 s, always more to send than it wants
        while send(world, endpoint) is Outcome.DELIVERED:
            sent += 1
        world.now.tick(seconds=0.1)
    assert 20 * rate * 0.8 <= sent <= 20 * rate + min(rate, MAX_IN_FLIGHT)
