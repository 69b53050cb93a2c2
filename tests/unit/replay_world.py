"""The replay routes over fakes, whose ids have times as in production."""

from collections import Counter
from datetime import datetime
from typing import Any

from sluice.domain.events import Event, EventType
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.service.ports import Create, Replace
from tests.fakes.time import FakeClock, TimedIds
from tests.fakes.webhook_sender import ok, status
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.webhook_world import SCHEDULE, WebhookWorld

REPLAY = {"scopes": ("ops:replay",)}


def replays_api() -> DeliveriesApi:
    clock = FakeClock()
    return DeliveriesApi(WebhookWorld(now=clock, new_id=TimedIds(clock)))


def delivered(world: WebhookWorld, count: int = 1, kind: EventType = EventType.TRANSCODE_READY) -> list[Event]:
    """One a minute."""
    events = []
    for _ in range(count):
        world.now.tick(minutes=1)
        events.append(world.event(kind))
        world.dispatch(events[-1])
        world.work()
    return events


def switch(world: WebhookWorld, endpoint: WebhookEndpoint, *, enabled: bool) -> None:
    stored = world.records.webhook(endpoint.tenant_id, endpoint.id)
    assert stored is not None
    world.records.commit(Replace(stored.model_copy(update={"enabled": enabled, "version": stored.version + 1})))


def gap(world: WebhookWorld, endpoint: WebhookEndpoint, count: int) -> list[Event]:
    """Events of the time in which the endpoint was off."""
    switch(world, endpoint, enabled=False)
    events = delivered(world, count)
    switch(world, endpoint, enabled=True)
    return events


def of_no_asset(world: WebhookWorld) -> Event:
    world.now.tick(minutes=1)
    event_id = world.new_id(Prefix.EVENT)
    body = f'{{"id":"{event_id}","sequence":null}}'
    kind = EventType.WEBHOOK_ENDPOINT_DISABLED
    event = Event(id=event_id, type=kind, tenant_id=world.tenant.id, timestamp=world.now(), body=body)
    world.records.commit(Create(event))
    return event


def dead(world: WebhookWorld) -> Event:
    world.sender.answer = status(500)
    [event] = delivered(world)
    for _ in SCHEDULE.delays_s:
        world.now.tick(minutes=10)
        world.work()
    world.sender.answer = ok
    return event


def replay(api: DeliveriesApi, endpoint: WebhookEndpoint, body: dict[str, Any], **more: Any) -> Any:
    return api.call("POST", f"/v1/webhooks/{endpoint.id}/replay", body=body, **{**REPLAY, **more})


def progress(api: DeliveriesApi, endpoint: WebhookEndpoint, replay_id: str, **more: Any) -> Any:
    return api.call("GET", f"/v1/webhooks/{endpoint.id}/replays/{replay_id}", **{**REPLAY, **more})


def told(answer: Any) -> tuple[str, int, int, int, int]:
    shown = answer["json"]
    return shown["status"], shown["matched"], shown["sent"], shown["skipped"], shown["missing"]


def rfc3339(moment: datetime) -> str:
    return moment.isoformat()


def minutes(world: WebhookWorld, count: int) -> None:
    for _ in range(count):
        world.now.tick(seconds=61)
        world.sweep()
        world.work()


def sent(world: WebhookWorld) -> Counter[str]:
    return Counter(post.headers["webhook-id"] for post in world.sender.posts)
