"""A tenant's asset, events and endpoints in a storm: processes die, messages vanish, double and overtake each other,
writes meet rivals, receivers misbehave, secrets rotate. And what must be true when it is over.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sluice.adapters.webhook_signer import StandardWebhooksSigner
from sluice.config import DeliverWebhookSettings
from sluice.domain.deliveries import RetrySchedule
from sluice.domain.errors import WebhookSecretLimitReached, WriteConflict
from sluice.domain.events import Event
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, Review, WebhookEndpoint
from sluice.domain.replays import Replay
from sluice.domain.states import DeliveryState
from sluice.service.deliveries import deliver
from sluice.service.ports import Create, Write
from sluice.service.review import review_asset
from sluice.service.webhook_ports import Answer, SendFailed
from sluice.service.webhook_secrets import Rotation, rotate_secret
from tests.contract.samples import make_asset
from tests.fakes.delivery_queue import FakeDeliveryQueue, Held
from tests.fakes.faults import Died, Fallible
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, TimedIds
from tests.fakes.webhook_sender import Post, ok, status
from tests.faults.bad_receivers import RECEIVERS
from tests.faults.replay_storm import miss_and_replay
from tests.unit.webhook_world import WebhookWorld
from tests.unit.world import Who

SCHEDULE = RetrySchedule.parse(DeliverWebhookSettings.model_fields["retry_schedule_s"].default)
WHOLE_SCHEDULE = {"hours": 100}  # 75.6 and a fifth, and what a pause adds
DOWN_FOR = timedelta(days=3)
BURSTS, ENDPOINTS = (1, 2, 1, 3), 2  # changes that are made before the stream tells of them


@dataclass
class Storm:
    seed: int
    deaths: float = 0.02  # share of calls to the outside before or after which the process dies
    blowing: bool = False  # from when all is set up
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    streamed: set[str] = field(default_factory=set)
    died: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def strikes(self, share: float) -> bool:
        return self.blowing and self.dice.random() < share

    def kill(self, name: str) -> None:
        if self.strikes(self.deaths):
            self.died += 1
            raise Died(name)

    def copies(self, share: float) -> int:
        return 0 if self.strikes(share) else 2 if self.strikes(share) else 1


class LossyQueue(FakeDeliveryQueue):
    storm: Storm

    def send(self, delivery: Delivery, *, delay_s: int) -> None:
        for _ in range(self.storm.copies(0.1)):
            super().send(delivery, delay_s=delay_s)

    def receive(self) -> list[Held]:
        batch = super().receive()
        self.storm.dice.shuffle(batch)
        return batch


class ContestedRecords(FakeRecords):
    """Before a write, somebody else sometimes acts on the same rows."""

    storm: Storm
    rival: Callable[[], object] = staticmethod(lambda: None)
    contested = False

    def commit(self, *writes: Write) -> None:
        if not self.contested and self.storm.strikes(0.05):
            self.contested = True
            with suppress(Died, WriteConflict):
                self.rival()
            self.contested = False
        super().commit(*writes)


class Stormy:
    def __init__(self, seed: int, *, records: type[ContestedRecords] = ContestedRecords, **about: Any) -> None:
        clock = FakeClock()
        self.storm, self.world = Storm(seed, **about), WebhookWorld(now=clock, new_id=TimedIds(clock))
        self.records = records()
        self.records.rows, self.records.storm, self.records.rival = self.world.records.rows, self.storm, self.interfere
        self.world.records = self.records
        self.queue = LossyQueue(self.world.now)
        self.queue.storm = self.storm
        self.world.queue = self.queue
        self.world.sender.answer = self.answer
        world, dice = self.world, self.storm.dice
        ports = {"records": world.records, "queue": self.queue, "dead_letters": world.dead_letters}
        mortal = {name: Fallible(port, self.storm.kill) for name, port in {**ports, "sender": world.sender}.items()}
        world.with_ports(schedule=SCHEDULE, jitter=dice.random, **mortal)
        self.asset = make_asset(tenant_id=world.tenant.id, id=world.asset_id, review=Review.PENDING)
        world.records.commit(Create(self.asset))
        self.endpoints = [world.endpoint(url=f"https://{name}.example") for name in range(ENDPOINTS)]
        self.habits = {endpoint.url: dice.choice(RECEIVERS) for endpoint in self.endpoints}
        self.mended_at: datetime = world.now() + DOWN_FOR * dice.random()

    def answer(self, post: Post) -> Answer:
        self.check_post(post)
        if self.storm.blowing and self.world.now() < self.mended_at:
            answer = self.habits[post.url](post)
        elif self.storm.strikes(0.4):
            raise SendFailed("timeout", 15_000)
        else:
            answer = status(self.storm.dice.choice([301, 429, 500, 503]))(post) if self.storm.strikes(0.5) else ok(post)
        self.storm.accepted[(post.url, post.headers["webhook-id"])] += answer.status == 200
        return answer

    def check_post(self, post: Post) -> None:
        """Same id, same bytes, and signed by the newest secret, whichever attempt it is."""
        [endpoint] = [one for one in self.endpoints if one.url == post.url]
        [event] = [one for one in self.events() if one.id == post.headers["webhook-id"]]
        sent_at = datetime.fromtimestamp(int(post.headers["webhook-timestamp"]), self.world.now().tzinfo)
        secrets = [self.world.secrets[endpoint.id]]
        signed = StandardWebhooksSigner().headers(
            secrets=secrets, message_id=event.id, sent_at=sent_at, body=event.body
        )
        if post.body != event.body.encode() or signed["webhook-signature"] not in post.headers["webhook-signature"]:
            self.storm.wrong.append(f"other bytes or signature: {event.id}")

    def events(self) -> list[Event]:
        return self.world.records.events(self.world.tenant.id, self.world.asset_id)

    def interfere(self) -> None:
        held = list(self.queue.held.values())
        if held and self.storm.strikes(0.7):
            deliver(self.storm.dice.choice(held).message, ports=self.world.ports)
        else:
            self.world.sweep()

    def change(self) -> None:
        """One use case that changes the asset, and tells; its process may die, too."""
        stored = self.world.records.asset(self.world.tenant.id, self.world.asset_id)
        verdict = Review.REJECTED if stored and stored.review is Review.APPROVED else Review.APPROVED
        world = self.world
        with suppress(Died, WriteConflict):
            review_asset(
                world.asset_id,
                verdict,
                caller=Who(world.tenant.id, "r", "c"),
                environment="dev",
                records=world.ports.records,
                new_id=world.new_id,
                now=world.now,
            )

    def stream(self) -> None:
        """The table's stream: drops, doubles, reorders, dies."""
        told = [one for one in self.events() if one.id not in self.storm.streamed and not self.storm.strikes(0.3)]
        self.storm.dice.shuffle(told)
        self.storm.streamed |= {event.id for event in told}
        batch = [event for event in told for _ in range(self.storm.copies(0.2))]
        middle = self.storm.dice.randint(0, len(batch))
        for part in (batch[:middle], batch[middle:]):
            with suppress(Died, WriteConflict):
                self.world.dispatch_batch(part)

    def rotate(self) -> None:
        """While retries of older events are on their way."""
        endpoint, world = self.storm.dice.choice(self.endpoints), self.world
        with suppress(WebhookSecretLimitReached):  # a fifth within a day, which a few seeds in ten thousand ask for
            made = rotate_secret(
                Rotation(world.new_id(Prefix.ROTATION), endpoint.id, world.tenant.id, timedelta(hours=24)),
                records=world.records,
                secrets=world.ports.secrets,
                random_bytes=self.storm.dice.randbytes,
                now=world.now,
            )
            assert made.secret
            world.secrets[endpoint.id] = made.secret

    def live(self, **span: float) -> None:
        """Work, and a sweep every minute; minutes in which nothing is due are skipped."""
        world, until = self.world, self.world.now() + timedelta(**span)
        while world.now() < until:
            world.work(lambda error: isinstance(error, Died | WriteConflict))
            idle = min((world.next_due() or until) - world.now(), until - world.now())
            # what is due and nobody takes, when nothing disturbs any more, waits for ever
            least = 1 if self.storm.blowing else 30
            world.now.tick(minutes=max(least, math.ceil(idle / timedelta(minutes=1))))
            with suppress(Died, WriteConflict):
                world.sweep()

    def blow(self) -> None:
        self.storm.blowing = True
        for burst in BURSTS:
            for _ in range(burst):
                self.change()
            self.stream()
            self.live(minutes=3)
            if self.storm.strikes(0.2):
                self.rotate()
            if self.storm.strikes(0.1):
                miss_and_replay(self)
        self.live(hours=self.storm.dice.choice([1, 20, 80]))
        self.storm.blowing = False
        self.live(**WHOLE_SCHEDULE)
        for _ in range(9):
            if self.world.dead_letters.held:
                self.world.redrive()
                self.live(**WHOLE_SCHEDULE)

    def violations(self) -> Iterator[str]:
        yield from self.storm.wrong
        world, events = self.world, self.events()
        stored = world.records.asset(world.tenant.id, world.asset_id)
        if stored is None or [event.sequence for event in events] != list(range(1, stored.sequence + 1)):
            yield "a change without its event"
        for event in events:
            for endpoint in self.endpoints:
                yield from self._of_pair(endpoint, event)
        if world.records.undispatched_events(before=world.now(), limit=9):
            yield "an event that waits for ever"
        if world.records.due_deliveries(before=world.now(), limit=9):
            yield "a delivery that waits for ever"
        if any(isinstance(row, Replay) and row.next_step_at for row in world.records.rows.values()):
            yield "a replay that waits for ever"

    def _of_pair(self, endpoint: WebhookEndpoint, event: Event) -> Iterator[str]:
        delivery = self.world.records.delivery(self.world.tenant.id, endpoint.id, event.id)
        if delivery is None or delivery.state is not DeliveryState.DELIVERED:
            yield f"lost: {event.id}"
        elif not self.storm.accepted[(endpoint.url, event.id)]:
            yield f"delivered fewer than once: {event.id}"
        else:
            numbers = [a.number for a in self.world.attempts() if (a.event_id, a.webhook_id) == (event.id, endpoint.id)]
            if numbers != list(range(1, delivery.attempts + 1)):
                yield f"attempts not recorded once, in order: {event.id}"
