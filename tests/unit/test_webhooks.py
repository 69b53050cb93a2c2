"""Endpoints: what is refused, what is kept, and that the limit holds for concurrent requests."""

from base64 import b64decode

import pytest

from sluice.domain.errors import (
    InvalidRequest,
    TenantNotFound,
    UrlNotAllowed,
    WebhookLimitReached,
    WebhookNotFound,
    WriteConflict,
)
from sluice.domain.ids import Prefix
from sluice.service.ports import Write
from sluice.service.webhooks import MAX_WEBHOOKS, NewWebhook, create_webhook, delete_webhook, get_webhook, list_webhooks
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
