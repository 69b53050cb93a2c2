"""Endpoints: what is refused, what is kept, and that the limit holds for concurrent requests."""

from base64 import b64decode
from typing import Any

import pytest

from sluice.domain.errors import (
    InvalidRequest,
    PreconditionFailed,
    TenantNotFound,
    UrlNotAllowed,
    WebhookLimitReached,
    WebhookNotFound,
    WriteConflict,
)
from sluice.domain.events import EventType
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.service.deliveries import Outcome
from sluice.service.ports import Write
from sluice.service.webhooks import (
    MAX_WEBHOOKS,
    NewWebhook,
    WebhookChange,
    change_webhook,
    create_webhook,
    delete_webhook,
    get_webhook,
    list_webhooks,
)
from tests.fakes.records import FakeRecords
from tests.unit.webhook_world import WebhookWorld


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def test_the_secret_is_shown_once_and_stored_encrypted(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    shown = world.secrets[endpoint.id]
    assert shown.startswith("whsec_") and len(b64decode(shown.removeprefix("whsec_"))) == 32
    stored = get_webhook(endpoint.id, tenant_id=world.tenant.id, records=world.records)
    assert shown not in stored.model_dump_json()
    assert world.ports.secrets.decrypt(world.tenant.id, stored.secret_ciphertext) == shown


def test_a_refused_url_names_its_field(world: WebhookWorld) -> None:
    world.sender.refused.add("https://10.0.0.1/")
    with pytest.raises(UrlNotAllowed) as caught:
        world.endpoint(url="https://10.0.0.1/")
    assert [field.pointer for field in caught.value.errors] == ["/url"]
    assert world.records.webhooks(world.tenant.id) == []


@pytest.mark.parametrize("pattern", ["transcode.reddy", "transcode", "*.x", "[a-z]*", "asset.?reated", "Asset.*", ""])
def test_a_pattern_that_matches_no_event_type_is_refused(world: WebhookWorld, pattern: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.endpoint("transcode.ready", pattern)
    assert [(field.pointer, field.code) for field in caught.value.errors] == [("/event_types/1", "unknown_event_type")]


def test_at_most_fifty(world: WebhookWorld) -> None:
    endpoints = [world.endpoint() for _ in range(MAX_WEBHOOKS)]
    with pytest.raises(WebhookLimitReached):
        world.endpoint()
    delete_webhook(endpoints[0].id, tenant_id=world.tenant.id, records=world.records)
    world.endpoint()


def test_two_requests_cannot_both_be_the_fiftieth(world: WebhookWorld) -> None:
    for _ in range(MAX_WEBHOOKS - 1):
        world.endpoint()

    class Overtaken(FakeRecords):
        """Somebody else's endpoint is committed between this request's count and its commit."""

        others = 1

        def commit(self, *writes: Write) -> None:
            if self.others:
                self.others -= 1
                world.endpoint()
            super().commit(*writes)

    overtaken = Overtaken()
    overtaken.rows = world.records.rows
    with pytest.raises(WebhookLimitReached):
        create_webhook(
            NewWebhook(world.new_id(Prefix.WEBHOOK), world.tenant.id, "https://example.com", None, ("*",)),
            records=overtaken,
            sender=world.sender,
            secrets=world.ports.secrets,
            random_bytes=bytes,
            now=world.now,
        )
    assert len(world.records.webhooks(world.tenant.id)) == MAX_WEBHOOKS


def test_an_unknown_tenant(world: WebhookWorld) -> None:
    world.tenant = world.tenant.model_copy(update={"id": world.new_id(Prefix.TENANT)})
    with pytest.raises(TenantNotFound):
        world.endpoint()


def test_another_tenants_endpoint_is_as_unknown_as_none(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    stranger = world.new_id(Prefix.TENANT)
    for webhook_id in (endpoint.id, world.new_id(Prefix.WEBHOOK), "whk_x", "WEBHOOK#"):
        with pytest.raises(WebhookNotFound):
            get_webhook(webhook_id, tenant_id=stranger, records=world.records)
        with pytest.raises(WebhookNotFound):
            delete_webhook(webhook_id, tenant_id=stranger, records=world.records)
    assert world.records.webhook(world.tenant.id, endpoint.id) == endpoint


def test_pages_are_newest_first_and_complete(world: WebhookWorld) -> None:
    made = [world.endpoint().id for _ in range(7)]
    seen: list[str] = []
    before = None
    while True:
        page, before = list_webhooks(tenant_id=world.tenant.id, records=world.records, limit=3, before=before)
        seen += [endpoint.id for endpoint in page]
        if before is None:
            break
    assert seen == made[::-1]


def test_deleting_while_it_changes(world: WebhookWorld) -> None:
    endpoint = world.endpoint()

    class ConflictingOnce(FakeRecords):
        conflicts = 1

        def commit(self, *writes: Write) -> None:
            if self.conflicts:
                self.conflicts -= 1
                raise WriteConflict()
            super().commit(*writes)

    conflicting = ConflictingOnce()
    conflicting.rows = world.records.rows
    delete_webhook(endpoint.id, tenant_id=world.tenant.id, records=conflicting)
    assert world.records.webhooks(world.tenant.id) == []


def change(world: WebhookWorld, endpoint: WebhookEndpoint, records: FakeRecords | None = None, **fields: Any) -> Any:
    wanted = WebhookChange(endpoint.id, world.tenant.id, None, fields)
    return change_webhook(wanted, records=records or world.records, sender=world.sender, now=world.now)


def test_a_change_goes_to_waiting_deliveries_too(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.dispatch(world.event())
    change(world, endpoint, url="https://example.com/new", event_types=("upload.*",))
    world.dispatch(world.event(EventType.TRANSCODE_READY))
    assert world.work() == [Outcome.DELIVERED]
    assert [post.url for post in world.sender.posts] == ["https://example.com/new"]


def test_what_is_left_out_stays_and_nothing_is_written_for_nothing(world: WebhookWorld) -> None:
    endpoint = world.endpoint("upload.*")
    world.now.tick(minutes=1)
    assert change(world, endpoint) == change(world, endpoint, url=endpoint.url, enabled=True) == endpoint
    changed = change(world, endpoint, description="Ours")
    expected = endpoint.model_copy(update={"description": "Ours", "updated_at": world.now(), "version": 2})
    assert changed == expected == world.records.webhook(world.tenant.id, endpoint.id)


def test_a_switched_off_endpoint_gets_nothing_until_it_is_switched_on(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.dispatch(world.event())
    change(world, endpoint, enabled=False)
    assert world.dispatch(world.event()) == []
    assert world.work() == [Outcome.DEAD]
    change(world, endpoint, enabled=True)
    assert world.work() == []
    world.dispatch(world.event())
    assert world.work() == [Outcome.DELIVERED]


def test_a_refused_change_changes_nothing(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    world.sender.refused.add("https://10.0.0.1/")
    with pytest.raises(UrlNotAllowed) as caught:
        change(world, endpoint, url="https://10.0.0.1/", description="x")
    assert [field.pointer for field in caught.value.errors] == ["/url"]
    with pytest.raises(InvalidRequest):
        change(world, endpoint, event_types=("nonsense",), description="x")
    assert world.records.webhook(world.tenant.id, endpoint.id) == endpoint


def test_a_change_keeps_what_another_one_wrote_meanwhile(world: WebhookWorld) -> None:
    endpoint = world.endpoint()

    class Overtaken(FakeRecords):
        others = 1

        def commit(self, *writes: Write) -> None:
            if self.others:
                self.others -= 1
                change(world, endpoint, enabled=False)
            super().commit(*writes)

    overtaken = Overtaken()
    overtaken.rows = world.records.rows
    changed = change(world, endpoint, records=overtaken, description="Ours")
    assert (changed.enabled, changed.description, changed.version) == (False, "Ours", 3)


def test_only_the_expected_version_is_changed(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    stale = WebhookChange(endpoint.id, world.tenant.id, frozenset({2}), {"enabled": False})
    with pytest.raises(PreconditionFailed):
        change_webhook(stale, records=world.records, sender=world.sender, now=world.now)
    with pytest.raises(PreconditionFailed):
        delete_webhook(endpoint.id, tenant_id=world.tenant.id, records=world.records, versions=frozenset({2}))
    assert world.records.webhook(world.tenant.id, endpoint.id) == endpoint
    delete_webhook(endpoint.id, tenant_id=world.tenant.id, records=world.records, versions=frozenset({1}))
    with pytest.raises(WebhookNotFound):
        change(world, endpoint, enabled=False)
