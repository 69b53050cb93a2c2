"""One attempt and what follows: schedule, Retry-After, 410, death, duplicates."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from sluice.domain.deliveries import RetrySchedule
from sluice.domain.events import Event
from sluice.domain.models import WebhookEndpoint
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import Outcome
from sluice.service.ports import Remove
from sluice.service.webhook_ports import Answer, SendFailed
from tests.fakes.faults import Fallible
from tests.fakes.webhook_sender import Post, ok, status
from tests.unit.webhook_world import WebhookWorld

VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


@pytest.fixture
def pair(world: WebhookWorld) -> tuple[WebhookEndpoint, Event]:
    """An endpoint and an event whose delivery is queued."""
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    return endpoint, event


def test_the_stored_bytes_are_signed_and_sent(world: WebhookWorld) -> None:
    world.now.moment = datetime.now(UTC)  # the library checks the age of a signature
    endpoint = world.endpoint()
    event = world.event()
    world.dispatch(event)
    assert world.work() == [Outcome.DELIVERED]
    [post] = world.sender.posts
    assert post.body == event.body.encode()
    assert post.headers["webhook-id"] == event.id
    assert post.headers["content-type"] == "application/json"
    assert Webhook(world.secrets[endpoint.id]).verify(post.body, post.headers)["id"] == event.id


def test_the_signature_of_the_standard(world: WebhookWorld) -> None:
    headers = world.ports.signer.headers(
        secrets=[VECTOR_SECRET],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        sent_at=datetime.fromtimestamp(1614265330, UTC),
        body='{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_success_is_recorded(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    world.work()
    delivery = world.delivery(*pair)
    assert (delivery.state, delivery.attempts, delivery.last_status) == (DeliveryState.DELIVERED, 1, 200)
    assert delivery.next_attempt_at is None and delivery.claimed_until is None
    [attempt] = world.attempts()
    assert (attempt.number, attempt.status, attempt.failure, attempt.latency_ms) == (1, 200, None, 5)


def test_the_schedule_then_death_and_one_letter(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    world.sender.answer = status(500)
    for delay in (5, 60, 300):
        assert world.work() == [Outcome.RETRYING]
        world.now.tick(seconds=delay - 0.1)
        assert world.work() == []
        world.now.tick(seconds=0.1)
    assert world.work() == [Outcome.DEAD]
    delivery = world.delivery(*pair)
    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == (DeliveryState.DEAD, 4, None)
    assert [attempt.number for attempt in world.attempts()] == [1, 2, 3, 4]
    assert len(world.dead_letters.held) == 1 and not world.queue.held
    assert len({post.headers["webhook-id"] for post in world.sender.posts}) == 1


def test_a_later_attempt_has_its_own_timestamp(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    world.sender.answer = status(503)
    world.work()
    world.now.tick(seconds=5)
    world.work()
    first, second = (int(post.headers["webhook-timestamp"]) for post in world.sender.posts)
    assert second - first == 5


def test_a_delay_beyond_the_queue_waits_in_the_due_index(
    world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]
) -> None:
    world.with_ports(schedule=RetrySchedule((0, 3600)))
    world.sender.answer = status(500)
    world.work()
    assert not world.queue.held
    world.now.tick(seconds=3599)
    world.sweep()
    assert not world.queue.held
    world.now.tick(seconds=2)
    world.sweep()
    world.sender.answer = ok
    assert world.work() == [Outcome.DELIVERED]


@pytest.mark.parametrize(
    ("asked", "waits"), [(None, 5), (2, 5), (120, 120), (900, 900)], ids=["none", "shorter", "longer", "longest"]
)
def test_retry_after_lengthens(
    world: WebhookWorld, pair: tuple[WebhookEndpoint, Event], asked: int | None, waits: int
) -> None:
    world.sender.answer = status(429, retry_after_s=asked)
    world.work()
    [held] = world.queue.held.values()
    assert held.visible_at - world.now() == timedelta(seconds=waits)


@pytest.mark.parametrize("code", [300, 301, 307, 400, 404, 429, 500, 502, 504])
def test_everything_but_2xx_is_retried(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event], code: int) -> None:
    world.sender.answer = status(code)
    assert world.work() == [Outcome.RETRYING]
    [attempt] = world.attempts()
    assert (attempt.status, attempt.failure, attempt.response) == (code, "status", "no")


@pytest.mark.parametrize("failure", ["timeout", "connection", "tls"])
def test_no_answer_is_retried(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event], failure: str) -> None:
    def fail(_: Post) -> Answer:
        raise SendFailed(failure, 15_000)  # type: ignore[arg-type]  # the parameter's words are the literal's

    world.sender.answer = fail
    assert world.work() == [Outcome.RETRYING]
    [attempt] = world.attempts()
    assert (attempt.status, attempt.failure, attempt.latency_ms) == (None, failure, 15_000)


def test_an_address_that_became_private_is_recorded(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    world.sender.refused.add(pair[0].url)
    assert world.work() == [Outcome.RETRYING]
    assert not world.sender.posts
    assert [attempt.failure for attempt in world.attempts()] == ["url_not_allowed"]


def test_gone_disables_the_endpoint(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    other = world.event()
    world.dispatch(other)
    world.sender.answer = status(410)
    assert world.work() == [Outcome.DEAD, Outcome.DEAD]
    assert len(world.sender.posts) == 1, "the second delivery found the endpoint switched off"
    endpoint = world.records.webhook(world.tenant.id, pair[0].id)
    assert endpoint is not None and not endpoint.enabled
    assert not world.dead_letters.held, "nothing for an operator to mend"


def test_a_deleted_endpoint_ends_its_deliveries(world: WebhookWorld, pair: tuple[WebhookEndpoint, Event]) -> None:
    world.records.commit(Remove(pair[0]))
    assert world.work() == [Outcome.DEAD]
    assert not world.sender.posts and not world.queue.held
    world.now.tick(hours=1)
    assert world.records.due_deliveries(before=world.now(), limit=10) == []


def test_jitter_spreads_by_a_fifth() -> None:
    schedule = RetrySchedule((0, 100))
    delays = [schedule.delay_after(1, retry_after_s=None, jitter=jitter) for jitter in (0.0, 0.5, 0.999)]
    assert delays == pytest.approx([80, 100, 120], abs=0.1)
    assert schedule.delay_after(2, retry_after_s=60, jitter=0.5) is None
    assert schedule.delay_after(1, retry_after_s=10**9, jitter=0.5) == 86_400


def test_a_schedule_is_read_from_its_setting() -> None:
    assert RetrySchedule.parse("0,5,60,300").delays_s == (0, 5, 60, 300)
    for wrong in ("", "0,x", "0,-5"):
        with pytest.raises(ValueError):
            RetrySchedule.parse(wrong)


def test_logs_hold_neither_url_nor_body_nor_secret(
    world: WebhookWorld, pair: tuple[WebhookEndpoint, Event], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        world.work()
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "delivery_attempted" in logged
    assert not any(text in logged for text in ("example.com", "whsec_", "v1,", "Größe"))


def test_an_attempt_that_nobody_disturbs_reads_nothing_twice(world: WebhookWorld) -> None:
    world.endpoint()
    world.dispatch(world.event())
    calls: list[str] = []
    world.with_ports(records=Fallible(world.records, calls.append))
    assert world.work() == [Outcome.DELIVERED]
    assert calls[::2] == ["delivery", "webhooks", "event_of", "gate", "commit", "save_attempt", "commit"]
