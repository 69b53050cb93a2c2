"""Upload tokens: what one says, what it opens, and that nothing else passes for one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.upload_errors import UploadClosed, UploadExpired, UploadNotFound
from sluice.domain.upload_tokens import UploadToken, expired, format_token, parse_token
from sluice.service import upload_abort, upload_tokens
from sluice.service.identity import AuthError, Identifier
from tests.unit.world import Who, World

KEY = b"token key"
ULID = "0" * 26
NOW = datetime(2026, 12, 1, tzinfo=UTC)
TOKEN = UploadToken(f"ten_{ULID}", f"upl_{ULID}", int(NOW.timestamp()) + 60)
TEXT = format_token(TOKEN, environment="dev", key=KEY)


def test_it_reads_back() -> None:
    assert parse_token(TEXT, environment="dev", key=KEY) == TOKEN


@given(place=st.integers(0, len(TEXT) - 1), letter=st.sampled_from("0123abyzABYZ_-."))
def test_no_letter_can_be_changed(place: int, letter: str) -> None:
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    assert (parse_token(changed, environment="dev", key=KEY) is None) == (changed != TEXT)


def test_it_is_of_its_key_and_environment() -> None:
    assert parse_token(TEXT, environment="dev", key=b"another") is None
    assert parse_token(TEXT, environment="prod", key=KEY) is None
    assert parse_token(TEXT.replace("ut_dev_", "ut_prod_"), environment="prod", key=KEY) is None


def test_it_ends_on_the_second() -> None:
    assert [expired(TOKEN, NOW + timedelta(seconds=after)) for after in (59, 60, 61)] == [False, True, True]


@pytest.fixture
def world() -> World:
    return World()


def identifier(world: World) -> Identifier:
    return Identifier(
        environment="dev", pepper=b"p", upload_token_key=world.ports.token_key, records=world.records, now=world.now
    )


def test_a_token_identifies_its_upload_until_it_ends(world: World) -> None:
    upload, _ = world.create()
    text, ends_at = upload_tokens.new_token(upload.id, ttl_s=120, caller=world.caller, ports=world.ports)
    found = identifier(world).identify(f"Bearer {text}")
    assert isinstance(found, UploadToken)
    assert (found.tenant_id, found.upload_id) == (upload.tenant_id, upload.id)
    world.now.tick(seconds=120)
    assert ends_at <= world.now()
    assert identifier(world).identify(f"Bearer {text}") is AuthError.EXPIRED_TOKEN
    assert identifier(world).identify(f"Bearer {text}x") is AuthError.INVALID_TOKEN


def test_a_token_does_not_outlive_its_upload(world: World) -> None:
    upload, _ = world.create(upload_ttl_s=60)
    _, ends_at = upload_tokens.new_token(upload.id, ttl_s=3600, caller=world.caller, ports=world.ports)
    assert ends_at <= upload.expires_at


def test_only_an_open_upload_gets_one(world: World) -> None:
    upload, _ = world.create()
    stranger = Who("ten_" + "9" * 26, "r", "c")
    with pytest.raises(UploadNotFound):
        upload_tokens.new_token(upload.id, ttl_s=60, caller=stranger, ports=world.ports)
    upload_abort.abort_upload(upload.id, caller=world.caller, ports=world.ports)
    with pytest.raises(UploadClosed):
        upload_tokens.new_token(upload.id, ttl_s=60, caller=world.caller, ports=world.ports)
    late, _ = world.create()
    world.now.tick(days=2)
    with pytest.raises(UploadExpired):
        upload_tokens.new_token(late.id, ttl_s=60, caller=world.caller, ports=world.ports)
