"""What an operator sets up: tenants and their API keys."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

from sluice.domain.api_keys import SCOPES, SECRET_BYTES, digest, format_key, secret_of
from sluice.domain.errors import FieldError, InvalidRequest, TenantNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import ApiKey, Tenant
from sluice.service.ports import Clock, Create, Ids, Records


class IssuedKey(NamedTuple):
    key: ApiKey
    text: str  # the whole key: shown once, stored nowhere


def create_tenant(*, name: str, records: Records, new_id: Ids, now: Clock) -> Tenant:
    tenant = Tenant(id=new_id(Prefix.TENANT), name=name, created_at=now())
    records.commit(Create(tenant))
    return tenant


def create_key(
    *,
    tenant_id: str,
    name: str,
    scopes: Iterable[str],
    life: timedelta | None,
    environment: str,
    pepper: bytes,
    records: Records,
    new_id: Ids,
    now: Clock,
    random_bytes: Callable[[int], bytes],
) -> IssuedKey:
    """Raises TenantNotFound, InvalidRequest for no scope or an unknown one."""
    wanted = _checked(scopes)
    if not is_id(Prefix.TENANT, tenant_id) or records.tenant(tenant_id) is None:
        raise TenantNotFound()
    moment, secret = now(), secret_of(random_bytes(SECRET_BYTES))
    key = ApiKey(
        id=new_id(Prefix.API_KEY),
        tenant_id=tenant_id,
        name=name,
        scopes=wanted,
        digest=digest(pepper, secret),
        created_at=moment,
        expires_at=None if life is None else moment + life,
    )
    records.commit(Create(key))
    return IssuedKey(key, format_key(environment, key.id, secret))


def _checked(scopes: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(sorted(set(scopes)))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise InvalidRequest(
            f"Scopes must be some of: {', '.join(sorted(SCOPES))}.",
            errors=tuple(FieldError("/scopes", "not_allowed", f"Unknown scope {scope}.") for scope in unknown),
        )
    return wanted
