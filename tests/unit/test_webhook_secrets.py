"""Rotation: there is no moment in which a receiver that knows either secret cannot verify, until the overlap ends."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from sluice.domain.errors import WebhookNotFound, WebhookSecretLimitReached, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.models import WebhookEndpoint
from sluice.service.deliveries import Outcome
from sluice.service.ports import Replace, Write
from sluice.service.webhook_secrets import Rotation, find_rotation, forget_secrets, rotate_secret
from sluice.service.webhooks import Registered
from tests.fakes.records import FakeRecords
from tests.fakes.webhook_sender import Post, ok, status
from tests.unit.webhook_world import WebhookWorld

DAY = timedelta(days=1)


@pytest.fixture
def world() -> WebhookWorld:
    made = WebhookWorld()
    made.now.moment = datetime.now(UTC)  # the library checks the age of a signature
    return made


def rotated(
    world: WebhookWorld, endpoint: WebhookEndpoint, overlap: timedelta = DAY, records: FakeRecords | None = None
) -> str:
    """The new secret."""
    rotation_id = world.new_id(Prefix.ROTATION)
    made = rotate_secret(
        Rotation(rotation_id, endpoint.id, world.tenant.id, overlap),
        records=records or world.records,
        secrets=world.ports.secrets,
        random_bytes=lambda size: rotation_id.encode()[-size:].rjust(size),
        now=world.now,
    )
    assert made.secret is not None and made.endpoint.rotation_id == rotation_id
    return made.secret


def stored(world: WebhookWorld, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    found = world.records.webhook(world.tenant.id, endpoint.id)
    assert found is not None
    return found


def delivered(world: WebhookWorld) -> Post:
    world.dispatch(world.event())
    assert world.work() == [Outcome.DELIVERED]
    return world.sender.posts[-1]


def verifies(post: Post, secret: str) -> bool:
    try:
        Webhook(secret).verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return True


def test_both_secrets_verify_during_the_overlap_and_one_after_it(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    old, new = world.secrets[endpoint.id], rotated(world, endpoint, timedelta(minutes=2))
    post = delivered(world)
    assert (verifies(post, old), verifies(post, new)) == (True, True)
    assert [part[:3] for part in post.headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]
    world.now.tick(minutes=2)
    post = delivered(world)
    assert (verifies(post, old), verifies(post, new)) == (False, True), (
        "its row is not cleaned up yet, it signs no more"
    )


def test_a_retry_is_signed_by_the_secrets_of_its_own_moment(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    old = world.secrets[endpoint.id]
    world.dispatch(world.event())
    world.sender.answer = status(500)
    world.work()
    new = rotated(world, endpoint, timedelta(0))
    world.sender.answer = ok
    world.now.tick(seconds=5)
    assert world.work() == [Outcome.DELIVERED]
    before, after = world.sender.posts
    assert (verifies(before, old), verifies(before, new)) == (True, False)
    assert (verifies(after, old), verifies(after, new)) == (False, True)


def test_no_plain_secret_is_stored(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    new = rotated(world, endpoint)
    row = stored(world, endpoint)
    assert new not in row.model_dump_json() and world.secrets[endpoint.id] not in row.model_dump_json()
    assert world.ports.secrets.decrypt(world.tenant.id, row.secret_ciphertext) == new


def test_a_shorter_overlap_shortens_the_one_that_runs(world: WebhookWorld) -> None:
    """After a leak nothing that was known may sign on, however many rotations ago."""
    endpoint = world.endpoint()
    rotated(world, endpoint, 3 * DAY)
    rotated(world, endpoint, DAY)
    row = stored(world, endpoint)
    assert [secret.until - world.now() for secret in row.retired_secrets] == [DAY, DAY]
    last = rotated(world, endpoint, timedelta(0))
    assert stored(world, endpoint).retired_secrets == ()
    post = delivered(world)
    assert verifies(post, last) and not verifies(post, world.secrets[endpoint.id])


def test_a_longer_overlap_does_not_lengthen_the_one_that_runs(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    rotated(world, endpoint, DAY)
    rotated(world, endpoint, 3 * DAY)
    assert [secret.until - world.now() for secret in stored(world, endpoint).retired_secrets] == [3 * DAY, DAY]


def test_a_fifth_earlier_secret_is_refused_until_one_has_ended(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    for _ in range(4):
        rotated(world, endpoint)
        world.now.tick(hours=1)
    before = stored(world, endpoint)
    with pytest.raises(WebhookSecretLimitReached):
        rotated(world, endpoint)
    assert stored(world, endpoint) == before
    world.now.tick(hours=20)
    rotated(world, endpoint)


def test_the_sweeper_drops_the_old_ciphertext_and_keeps_the_rest(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    new = rotated(world, endpoint)
    before = stored(world, endpoint)
    world.now.tick(hours=23, minutes=59)
    assert world.records.retired_secrets(before=world.now(), limit=9) == []
    forget_secrets(before, records=world.records, now=world.now)
    assert stored(world, endpoint) == before
    world.now.tick(minutes=2)
    [due] = world.records.retired_secrets(before=world.now(), limit=9)
    forget_secrets(due, records=world.records, now=world.now)
    after = stored(world, endpoint)
    assert endpoint.secret_ciphertext not in after.model_dump_json()
    assert after == before.model_copy(update={"retired_secrets": (), "version": before.version + 1})
    assert world.ports.secrets.decrypt(world.tenant.id, after.secret_ciphertext) == new
    assert world.records.retired_secrets(before=world.now() + DAY, limit=9) == []


def test_the_sweeper_does_not_undo_what_was_written_since(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    rotated(world, endpoint, timedelta(minutes=1))
    world.now.tick(minutes=2)
    [due] = world.records.retired_secrets(before=world.now(), limit=9)
    rotated(world, endpoint)
    newest = stored(world, endpoint)
    forget_secrets(due, records=world.records, now=world.now)
    assert stored(world, endpoint) == newest


def test_of_two_rotations_at_once_both_count(world: WebhookWorld) -> None:
    """The secret that the other request was shown must sign too."""
    endpoint = world.endpoint()
    shown: list[str] = []

    class Overtaken(FakeRecords):
        def commit(self, *writes: Write) -> None:
            if not shown and any(isinstance(write, Replace) for write in writes):
                shown.append(rotated(world, endpoint))
            super().commit(*writes)

    overtaken = Overtaken()
    overtaken.rows = world.records.rows
    new = rotated(world, endpoint, records=overtaken)
    post = delivered(world)
    assert [verifies(post, secret) for secret in (world.secrets[endpoint.id], *shown, new)] == [True, True, True]


def test_a_rotation_that_was_written_is_found_without_its_secret(world: WebhookWorld) -> None:
    endpoint = world.endpoint()

    def find(rotation_id: str | None) -> Registered | None:
        return find_rotation(str(rotation_id), webhook_id=endpoint.id, tenant_id=world.tenant.id, records=world.records)

    rotated(world, endpoint)
    first = stored(world, endpoint)
    rotated(world, endpoint)
    second = stored(world, endpoint)
    assert find(first.rotation_id) == find(second.rotation_id) == Registered(second, None)
    assert find(world.new_id(Prefix.ROTATION)) is None


def test_another_tenants_endpoint_is_not_rotated(world: WebhookWorld) -> None:
    endpoint = world.endpoint()
    mine, world.tenant = world.tenant, world.tenant.model_copy(update={"id": world.new_id(Prefix.TENANT)})
    with pytest.raises(WebhookNotFound):
        rotated(world, endpoint)
    assert world.records.webhook(mine.id, endpoint.id) == endpoint


def test_logs_hold_no_secret(world: WebhookWorld, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = world.endpoint()
    with caplog.at_level("DEBUG"):
        rotated(world, endpoint)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "webhook_secret_rotated" in logged and "whsec_" not in logged
    assert stored(world, endpoint).secret_ciphertext not in logged


def test_a_write_conflict_that_stays_is_reported(world: WebhookWorld) -> None:
    endpoint = world.endpoint()

    class Contested(FakeRecords):
        def commit(self, *writes: Write) -> None:
            raise WriteConflict()

    contested = Contested()
    contested.rows = world.records.rows
    with pytest.raises(WriteConflict):
        rotated(world, endpoint, records=contested)
    assert stored(world, endpoint) == endpoint
