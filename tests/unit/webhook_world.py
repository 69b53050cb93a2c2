"""One tenant, its endpoints and events over fakes, and the machinery that moves messages: Lambda, SQS, the sweeper."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sluice.adapters.items import due
from sluice.adapters.webhook_signer import StandardWebhooksSigner
from sluice.domain.deliveries import DeliveryAttempt, RetrySchedule
from sluice.domain.events import Event, EventType
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, Tenant, WebhookEndpoint
from sluice.domain.replays import Replay
from sluice.service.deliveries import Deliverer, Outcome, deliver
from sluice.service.dispatch import Undispatched, dispatch_event, dispatch_events
from sluice.service.ports import Create, Ids
from sluice.service.redelivery import Redriven, redrive, resend_delivery
from sluice.service.replays import Replayer, advance_replay
from sluice.service.webhooks import NewWebhook, create_webhook
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.delivery_queue import FakeDeadLetterQueue, FakeDeliveryQueue
from tests.fakes.records import FakeRecords
from tests.fakes.secret_box import FakeSecretBox
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.webhook_sender import FakeWebhookSender

SCHEDULE = RetrySchedule((0, 5, 60, 300))


@dataclass
class WebhookWorld:
    now: FakeClock = field(default_factory=FakeClock)
    new_id: Ids = field(default_factory=FakeIds)
    records: FakeRecords = field(default_factory=FakeRecords)
    sender: FakeWebhookSender = field(default_factory=FakeWebhookSender)
    secrets: dict[str, str] = field(default_factory=dict)  # webhook id -> what its owner was shown

    def __post_init__(self) -> None:
        self.queue = FakeDeliveryQueue(self.now)
        self.dead_letters = FakeDeadLetterQueue(self.now)
        self.tenant = Tenant(id=self.new_id(Prefix.TENANT), name="Ada", created_at=self.now())
        self.records.commit(Create(self.tenant))
        self.asset_id = self.new_id(Prefix.ASSET)
        self.ports = Deliverer(
            environment="dev",
            new_id=self.new_id,
            records=self.records,
            sender=self.sender,
            signer=StandardWebhooksSigner(),
            secrets=FakeSecretBox(),
            queue=self.queue,
            dead_letters=self.dead_letters,
            schedule=SCHEDULE,
            timeout_s=15,
            now=self.now,
            jitter=lambda: 0.5,  # no deviation
        )

    def with_ports(self, **changed: Any) -> None:
        self.ports = replace(self.ports, **changed)

    def endpoint(self, *event_types: str, url: str = "https://example.com/hook") -> WebhookEndpoint:
        made = create_webhook(
            NewWebhook(self.new_id(Prefix.WEBHOOK), self.tenant.id, url, None, event_types or ("*",)),
            records=self.records,
            sender=self.sender,
            secrets=self.ports.secrets,
            random_bytes=lambda size: bytes(range(size)),
            now=self.now,
        )
        assert made.secret is not None
        self.secrets[made.endpoint.id] = made.secret
        return made.endpoint

    def event(self, event_type: EventType = EventType.TRANSCODE_READY) -> Event:
        event_id = self.new_id(Prefix.EVENT)
        sequence = 1 + len(self.records.events(self.tenant.id, self.asset_id))
        event = Event(
            id=event_id,
            type=event_type,
            tenant_id=self.tenant.id,
            asset_id=self.asset_id,
            sequence=sequence,
            timestamp=self.now(),
            body=f'{{"id":"{event_id}","sequence":{sequence},"title":"Größe"}}',
        )
        self.records.commit(Create(event))
        return event

    def dispatch(self, event: Event) -> list[Delivery]:
        return dispatch_event(
            event=event, records=self.ports.records, queue=self.ports.queue, new_id=self.new_id, now=self.now
        )

    def dispatch_batch(self, events: list[Event]) -> Undispatched:
        """As the stream's function does."""
        return dispatch_events(
            events,
            records=self.ports.records,
            queue=self.ports.queue,
            new_id=self.new_id,
            now=self.now,
            time_left=lambda: True,
        )

    def delivery(self, endpoint: WebhookEndpoint, event: Event) -> Delivery:
        found = self.records.delivery(self.tenant.id, endpoint.id, event.id)
        assert found is not None
        return found

    def deliveries(self) -> list[Delivery]:
        return [row for row in self.records.rows.values() if isinstance(row, Delivery)]

    def attempts(self) -> list[DeliveryAttempt]:
        rows = [row for row in self.records.rows.values() if isinstance(row, DeliveryAttempt)]
        return sorted(rows, key=lambda attempt: (attempt.event_id, attempt.webhook_id, attempt.number))

    def work(self, died: Callable[[BaseException], bool] = lambda _: False) -> list[Outcome]:
        """Lambda: handle every visible message once; one that raises stays and becomes visible later."""
        outcomes = []
        while batch := self.queue.receive():
            for held in batch:
                try:
                    outcomes.append(deliver(held.message, ports=self.ports))
                except BaseException as error:
                    if not died(error):
                        raise
                else:
                    self.queue.delete(held.receipt)
        return outcomes

    def sweep(self) -> None:
        """What `reconcile` does about events, deliveries and replays."""
        for event in self.records.undispatched_events(before=self.now() - timedelta(seconds=60), limit=200):
            self.dispatch(event)
        for delivery in self.records.due_deliveries(before=self.now(), limit=200):
            resend_delivery(delivery, records=self.ports.records, queue=self.ports.queue, now=self.now)

        log = FakeDeliveryLog(self.records)
        replayer = Replayer(records=self.ports.records, log=log, queue=self.ports.queue, now=self.now)
        for replay in log.due_replays(before=self.now(), limit=200):
            advance_replay(replay, ports=replayer)

    def next_due(self) -> datetime | None:
        """When a message becomes visible or the sweeper finds something, whichever comes first."""
        queued = [held.visible_at for held in self.queue.held.values()]
        work = [row for row in self.records.rows.values() if isinstance(row, Delivery | Event | Replay)]
        swept = [task[1] for row in work if (task := due(row))]
        return min([*queued, *swept], default=None)

    def redrive(self) -> Redriven:
        return redrive(
            records=self.ports.records, queue=self.ports.queue, dead_letters=self.ports.dead_letters, now=self.now
        )
