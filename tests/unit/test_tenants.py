"""What an operator sets up."""

from datetime import timedelta

import pytest

from sluice.domain.api_keys import digest, parse_key
from sluice.domain.errors import InvalidRequest, TenantNotFound
from sluice.domain.models import Tenant
from sluice.service import tenants
from sluice.service.tenants import IssuedKey
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds

records, clock, ids = FakeRecords(), FakeClock(), FakeIds()


@pytest.fixture
def tenant() -> Tenant:
    return tenants.create_tenant(name="Acme", records=records, new_id=ids, now=clock)


def issue(tenant_id: str, scopes: list[str], life: timedelta | None = None) -> IssuedKey:
    return tenants.create_key(
        tenant_id=tenant_id,
        name="ci",
        scopes=scopes,
        life=life,
        environment="dev",
        pepper=b"pepper",
        records=records,
        new_id=ids,
        now=clock,
        random_bytes=lambda size: b"r" * size,
    )


def test_a_tenant_is_stored(tenant: Tenant) -> None:
    assert records.tenant(tenant.id) == tenant
    assert (tenant.name, tenant.created_at) == ("Acme", clock.moment)


def test_a_key_is_stored_without_its_secret(tenant: Tenant) -> None:
    key, text = issue(tenant.id, ["webhooks:manage", "uploads:write", "uploads:write"], timedelta(days=30))
    stored = records.api_key(key.id)
    presented = parse_key(text, "dev")
    assert stored == key and presented is not None
    assert stored.digest == digest(b"pepper", presented.secret)
    assert presented.secret not in stored.model_dump_json()
    assert stored.scopes == ("uploads:write", "webhooks:manage")
    assert stored.expires_at == clock.moment + timedelta(days=30)


@pytest.mark.parametrize("scopes", [[], ["assets:read", "assets:admin"], ["*"]])
def test_scopes_outside_the_list_are_refused(tenant: Tenant, scopes: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        issue(tenant.id, scopes)
    assert [error.detail for error in refused.value.errors] == [
        f"Unknown scope {scope}." for scope in scopes if scope != "assets:read"
    ]


@pytest.mark.parametrize("tenant_id", ["ten_00000000000000000000000000", "", "acme"])
def test_a_key_needs_its_tenant(tenant_id: str) -> None:
    with pytest.raises(TenantNotFound):
        issue(tenant_id, ["assets:read"])
