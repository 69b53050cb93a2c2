"""From the Authorization header to an identity, with at most one read."""

from datetime import timedelta

import pytest

from sluice.domain.api_keys import format_key
from sluice.domain.models import ApiKey
from sluice.service import identity, tenants
from sluice.service.identity import AuthError, Identifier, Identity
from sluice.service.ports import Replace
from sluice.service.tenants import IssuedKey
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds

PEPPER = b"pepper"


class CountingRecords(FakeRecords):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def api_key(self, key_id: str) -> ApiKey | None:
        self.reads += 1
        return super().api_key(key_id)


class World:
    def __init__(self) -> None:
        self.records, self.clock, self.ids = CountingRecords(), FakeClock(), FakeIds()
        self.tenant = tenants.create_tenant(name="Acme", records=self.records, new_id=self.ids, now=self.clock)
        self.identifier = self.restarted()

    def restarted(self, pepper: bytes = PEPPER) -> Identifier:
        return Identifier(
            environment="dev",
            pepper=pepper,
            upload_token_key=lambda: b"token key",
            records=self.records,
            now=self.clock,
        )

    def issue(self, *scopes: str, life: timedelta | None = None, random: bytes = b"r" * 32) -> IssuedKey:
        return tenants.create_key(
            tenant_id=self.tenant.id,
            name="test",
            scopes=scopes or ("assets:read",),
            life=life,
            environment="dev",
            pepper=PEPPER,
            records=self.records,
            new_id=self.ids,
            now=self.clock,
            random_bytes=lambda size: random[:size],
        )


@pytest.fixture
def world() -> World:
    return World()


def test_a_key_identifies_its_tenant_and_scopes(world: World) -> None:
    key, text = world.issue("uploads:write", "assets:read")
    assert world.identifier.identify(f"Bearer {text}") == Identity(
        world.tenant.id, key.id, ("assets:read", "uploads:write"), None
    )


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "sk_dev_x"])
def test_without_a_bearer_token_the_key_is_missing(world: World, header: str | None) -> None:
    assert world.identifier.identify(header) is AuthError.MISSING_KEY


def test_the_scheme_is_not_case_sensitive(world: World) -> None:
    assert isinstance(world.identifier.identify(f"bearer {world.issue().text}"), Identity)


@pytest.mark.parametrize("token", ["x", "sk_dev_", "\ud800", "é" * 90])
def test_a_malformed_key_costs_no_read(world: World, token: str) -> None:
    assert world.identifier.identify(f"Bearer {token}") is AuthError.MALFORMED_KEY
    assert world.records.reads == 0


def test_a_wrong_checksum_costs_no_read(world: World) -> None:
    text = world.issue().text
    changed = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert world.identifier.identify(f"Bearer {changed}") is AuthError.MALFORMED_KEY
    assert world.records.reads == 0


def test_unknown_wrong_and_revoked_are_one_answer(world: World) -> None:
    key, text = world.issue()
    unknown = format_key("dev", "key_" + "0" * 26, text[-49:-6])
    wrong = format_key("dev", key.id, "0" * 43)
    assert world.identifier.identify(f"Bearer {unknown}") is AuthError.INVALID_KEY
    assert world.identifier.identify(f"Bearer {wrong}") is AuthError.INVALID_KEY
    world.records.commit(Replace(key.model_copy(update={"revoked": True, "version": 2})))
    assert world.identifier.identify(f"Bearer {text}") is AuthError.INVALID_KEY


def test_another_pepper_opens_nothing(world: World) -> None:
    assert world.restarted(b"other").identify(f"Bearer {world.issue().text}") is AuthError.INVALID_KEY


def test_a_key_ends_at_its_expiry(world: World) -> None:
    text = world.issue(life=timedelta(days=1)).text
    world.clock.tick(days=1, microseconds=-1)
    assert isinstance(world.identifier.identify(f"Bearer {text}"), Identity)
    world.clock.tick(microseconds=1)
    assert world.identifier.identify(f"Bearer {text}") is AuthError.EXPIRED_KEY  # though it was remembered


def test_an_identity_is_remembered_for_30_s(world: World) -> None:
    key, text = world.issue()
    world.identifier.identify(f"Bearer {text}")
    world.records.commit(Replace(key.model_copy(update={"revoked": True, "version": 2})))
    world.clock.tick(seconds=29.9)
    assert isinstance(world.identifier.identify(f"Bearer {text}"), Identity)
    assert world.records.reads == 1
    world.clock.tick(seconds=0.1)
    assert world.identifier.identify(f"Bearer {text}") is AuthError.INVALID_KEY


def test_a_refusal_is_not_remembered(world: World) -> None:
    text = world.issue().text
    row = next(row for row in world.records.rows.values() if isinstance(row, ApiKey))
    world.records.commit(Replace(row.model_copy(update={"revoked": True, "version": 2})))
    assert world.identifier.identify(f"Bearer {text}") is AuthError.INVALID_KEY
    world.records.commit(Replace(row.model_copy(update={"revoked": False, "version": 3})))
    assert isinstance(world.identifier.identify(f"Bearer {text}"), Identity)


def test_memory_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "REMEMBERED_KEYS", 2)
    texts = [world.issue(random=bytes([n]) * 32).text for n in range(3)]
    for text in texts:
        world.identifier.identify(f"Bearer {text}")
    world.identifier.identify(f"Bearer {texts[2]}")
    assert world.records.reads == 3
    world.identifier.identify(f"Bearer {texts[0]}")  # the oldest went first
    assert world.records.reads == 4
