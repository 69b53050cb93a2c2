"""The authorizer's answers: it lets everybody pass and says who they are."""

from typing import Any

import pytest

from functions.authorizer import handler
from sluice.domain.errors import ProviderFailure
from sluice.domain.models import ApiKey
from sluice.service import tenants
from sluice.service.identity import Identifier
from tests.fakes.gateway import LambdaContext
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds


class BrokenRecords(FakeRecords):
    def api_key(self, key_id: str) -> ApiKey | None:
        raise ProviderFailure()


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
def key(records: FakeRecords) -> str:
    clock, ids = FakeClock(), FakeIds()
    tenant = tenants.create_tenant(name="Acme", records=records, new_id=ids, now=clock)
    return tenants.create_key(
        tenant_id=tenant.id,
        name="test",
        scopes=["uploads:write", "assets:read"],
        life=None,
        environment="dev",
        pepper=b"pepper",
        records=records,
        new_id=ids,
        now=clock,
        random_bytes=lambda size: b"r" * size,
    ).text


def authorize(records: FakeRecords, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str] | None) -> Any:
    identifier = Identifier(
        environment="dev", pepper=b"pepper", upload_token_key=lambda: b"token key", records=records, now=FakeClock()
    )
    monkeypatch.setattr(handler, "deps", lambda: identifier)
    event = {"version": "2.0", "type": "REQUEST", "routeKey": "GET /v1/assets"}
    return handler.lambda_handler(event if headers is None else event | {"headers": headers}, LambdaContext())


def test_a_good_key(records: FakeRecords, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = next(row for row in records.rows.values() if isinstance(row, ApiKey))
    assert authorize(records, monkeypatch, {"authorization": f"Bearer {key}"}) == {
        "isAuthorized": True,
        "context": {"tenant": stored.tenant_id, "scopes": "assets:read uploads:write", "key_id": stored.id},
    }


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        (None, "missing_key"),
        ({}, "missing_key"),
        ({"authorization": "Bearer nonsense"}, "malformed_key"),
    ],
)
def test_no_key_passes_without_an_identity(
    records: FakeRecords, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str] | None, error: str
) -> None:
    assert authorize(records, monkeypatch, headers) == {"isAuthorized": True, "context": {"auth_error": error}}


def test_a_failing_table_is_not_a_refusal(
    key: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = authorize(BrokenRecords(), monkeypatch, {"authorization": f"Bearer {key}"})
    assert answer == {"isAuthorized": True, "context": {"auth_error": "unavailable"}}
    assert caplog.records[-1].message == "identity_unavailable"
    assert key not in caplog.text


def test_missing_settings_do_not_become_the_gateways_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handler.deps.cache_clear()
    answer = handler.lambda_handler({"headers": {"authorization": "Bearer x"}}, LambdaContext())
    assert answer["context"] == {"auth_error": "unavailable"}
