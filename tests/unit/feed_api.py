"""The feed's function over fakes, called as the gateway would; while it sleeps, time passes and `meanwhile` happens."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from functions.api_events import handler
from sluice.domain.feed import FeedWaiter
from sluice.domain.ids import Prefix
from sluice.service.dispatch import dispatch_event
from sluice.service.event_polls import PollPorts
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.gateway import LambdaContext, request
from tests.unit.world import World

PLACES = 3


class Api:
    def __init__(self) -> None:
        self.world = World()
        self.meanwhile: Callable[[], None] = lambda: None
        self.slept = 0.0
        self.ports = PollPorts(
            records=self.world.records,
            cursor_key=lambda: b"k" * 32,
            places=PLACES,
            sleep=self._sleep,
            now=self.world.now,
        )

    def _sleep(self, seconds: float, /) -> None:
        self.world.now.tick(seconds=seconds)
        self.slept += seconds
        self.meanwhile()

    def text(self, tenant: str | None = None, **query: Any) -> tuple[int, str]:
        asked = {name: str(value) for name, value in query.items()}
        event = request("GET", "/v1/events", query=asked, tenant=tenant or self.tenant, scopes=["assets:read"])
        answer = handler.lambda_handler(event, LambdaContext())
        return answer["statusCode"], answer["body"]

    def __call__(self, **query: Any) -> tuple[int, Any]:
        status, text = self.text(**query)
        return status, json.loads(text)

    @property
    def tenant(self) -> str:
        return self.world.caller.tenant_id

    def dispatch(self) -> None:
        """What the stream would do."""
        later = self.world.now() + timedelta(days=1)
        for event in self.world.records.undispatched_events(before=later, limit=100):
            dispatch_event(
                event=event,
                records=self.world.records,
                queue=FakeDeliveryQueue(self.world.now),
                new_id=self.world.new_id,
                now=self.world.now,
            )

    def upload(self) -> str:
        """Four events of one new asset, whose id it returns."""
        upload, asset = self.world.create(creator_id=self.world.new_id(Prefix.UPLOAD))  # no duplicate of another one
        self.world.sign(upload, 1)
        self.world.put_parts(upload)
        self.world.request_completion(upload)
        self.world.run_completion(upload)
        self.world.accept(upload)
        self.dispatch()
        return asset.id

    def waiters(self) -> list[FeedWaiter]:
        return self.world.records.feed_waiters(self.tenant)
