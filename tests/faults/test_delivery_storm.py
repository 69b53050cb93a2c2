"""Everything goes wrong at random for days: processes die, messages vanish or double, writes conflict, endpoints fail.

Afterwards every event has reached every endpoint, or waits as a dead delivery with its letter for a redrive.
"""

import math
import os
import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from sluice.config import DeliverWebhookSettings
from sluice.domain.deliveries import RetrySchedule
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event
from sluice.domain.models import Delivery
from sluice.domain.states import DeliveryState
from sluice.service.ports import Write
from sluice.service.webhook_ports import Answer, SendFailed
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.faults import Died, Fallible
from tests.fakes.records import FakeRecords
from tests.fakes.webhook_sender import Post, ok, status
from tests.unit.webhook_world import WebhookWorld

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "40")))  # `make faults N=...` blows longer
EVENTS, ENDPOINTS = 12, 3
SCHEDULE = RetrySchedule.parse(DeliverWebhookSettings.model_fields["retry_schedule_s"].default)
WHOLE_SCHEDULE = {"hours": 100}  # 75.6 and a fifth


class Storm:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.blowing = True

    def strikes(self, share: float) -> bool:
        return self.blowing and self.dice.random() < share

    def kill(self, name: str) -> None:
        if self.strikes(0.02):
            raise Died(name)


class LossyQueue(FakeDeliveryQueue):
    def __init__(self, now: Any, storm: Storm) -> None:
        super().__init__(now)
        self._storm = storm

    def send(self, delivery: Delivery, *, delay_s: int) -> None:
        for _ in range(0 if self._storm.strikes(0.1) else 2 if self._storm.strikes(0.1) else 1):
            super().send(delivery, delay_s=delay_s)


class ConflictingRecords(FakeRecords):
    storm: Storm

    def commit(self, *writes: Write) -> None:
        if self.storm.strikes(0.05):
            raise WriteConflict()
        super().commit(*writes)


def stormy(seed: int) -> tuple[WebhookWorld, Storm]:
    storm = Storm(seed)
    world = WebhookWorld()
    conflicting = ConflictingRecords()
    conflicting.rows, conflicting.storm = world.records.rows, storm
    lossy = LossyQueue(world.now, storm)
    world.queue = lossy

    def flapping(post: Post) -> Answer:
        if storm.strikes(0.5):
            raise SendFailed("timeout", 15_000)
        return status(storm.dice.choice([301, 429, 500, 503]))(post) if storm.strikes(0.6) else ok(post)

    world.sender.answer = flapping
    ports = {"records": conflicting, "queue": lossy, "dead_letters": world.dead_letters, "sender": world.sender}
    world.with_ports(
        schedule=SCHEDULE,
        jitter=storm.dice.random,
        **{name: Fallible(port, storm.kill) for name, port in ports.items()},
    )
    return world, storm


def is_accident(error: BaseException) -> bool:
    return isinstance(error, Died | WriteConflict)


def stream(world: WebhookWorld, storm: Storm, event: Event) -> None:
    """The table stream: drops, doubles, dies."""
    for _ in range(0 if storm.strikes(0.2) else 2 if storm.strikes(0.2) else 1):
        with suppress(Died, WriteConflict):
            world.dispatch(event)


def live(world: WebhookWorld, **span: float) -> None:
    """Work, and a sweep every minute; minutes in which nothing is due are skipped."""
    until = world.now() + timedelta(**span)
    while world.now() < until:
        world.work(is_accident)
        idle = min((world.next_due() or until) - world.now(), until - world.now())
        world.now.tick(minutes=max(1, math.ceil(idle / timedelta(minutes=1))))
        with suppress(Died, WriteConflict):
            world.sweep()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost(seed: int) -> None:
    world, storm = stormy(seed)
    endpoints = [world.endpoint(url=f"https://{name}.example") for name in range(ENDPOINTS)]
    events = []
    for _ in range(EVENTS):
        events.append(world.event())
        stream(world, storm, events[-1])
        live(world, minutes=3)
    storm.blowing = False
    live(world, **WHOLE_SCHEDULE)
    while world.dead_letters.held:
        world.redrive()
        live(world, **WHOLE_SCHEDULE)

    received = Counter((post.url, post.headers["webhook-id"]) for post in world.sender.posts)
    for event in events:
        for endpoint in endpoints:
            delivery = world.delivery(endpoint, event)
            assert delivery.state is DeliveryState.DELIVERED
            assert received[(endpoint.url, event.id)] >= 1
            numbers = [a.number for a in world.attempts() if (a.event_id, a.webhook_id) == (event.id, endpoint.id)]
            assert numbers == list(range(1, delivery.attempts + 1)), "every attempt is recorded once, in order"
    assert not world.records.undispatched_events(before=world.now(), limit=10)
    assert not world.records.due_deliveries(before=world.now(), limit=10)


def test_the_storm_does_blow() -> None:
    """Otherwise the test above would show nothing."""
    duplicates = deaths = 0
    for seed in SEEDS:
        world, storm = stormy(seed)
        world.endpoint()
        for _ in range(EVENTS):
            stream(world, storm, world.event())
            live(world, minutes=3)
        live(world, **WHOLE_SCHEDULE)
        successes = Counter(row.event_id for row in world.attempts() if row.status == 200)
        posts = Counter(post.headers["webhook-id"] for post in world.sender.posts)
        duplicates += sum(posts[event_id] > 1 for event_id in successes)
        deaths += len(world.dead_letters.held)
    assert duplicates > 100 and deaths > 20
