"""Cursors continue the list they came from and nothing else."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import InvalidCursor
from sluice.service.cursors import seal, unseal

KEY = b"k" * 32
ROUTE = "GET /v1/assets"

positions = st.text(st.characters(codec="utf-8"), max_size=60)
filters = st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3)


def sealed(position: str = "ast_1", **changes: object) -> str:
    return seal(position, **{"key": KEY, "tenant_id": "ten_1", "route": ROUTE, **changes})  # type: ignore[arg-type]


def unsealed(cursor: str, **changes: object) -> str:
    return unseal(cursor, **{"key": KEY, "tenant_id": "ten_1", "route": ROUTE, **changes})  # type: ignore[arg-type]


@given(positions, filters)
def test_a_cursor_reads_back(position: str, chosen: dict[str, str]) -> None:
    cursor = sealed(position, filters=chosen)
    assert unsealed(cursor, filters=dict(reversed(chosen.items()))) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "elsewhere",
    [{"tenant_id": "ten_2"}, {"route": "GET /v1/jobs"}, {"filters": {"state": "ready"}}, {"key": b"other"}],
)
def test_it_is_bound_to_tenant_route_filters_and_key(elsewhere: dict[str, object]) -> None:
    with pytest.raises(InvalidCursor):
        unsealed(sealed(), **elsewhere)


def test_bindings_do_not_run_into_each_other() -> None:
    with pytest.raises(InvalidCursor):
        unsealed(sealed(tenant_id="ten_1G", route="ET /v1/assets"))


@given(st.data())
def test_a_changed_character_is_noticed(data: st.DataObject) -> None:
    cursor = sealed("ast_01jdz8k3v5w9x2y4z6a8b0c1d2")
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda character: character != cursor[place]))
    with pytest.raises(InvalidCursor):
        unsealed(cursor[:place] + other + cursor[place + 1 :])


@given(st.text(max_size=80))
def test_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        unsealed(text)


@pytest.mark.parametrize("cursor", ["", "A" * 2_000, sealed() + "=", sealed() + "\n", "\ud800"])
def test_odd_cursors(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        unsealed(cursor)


def test_another_position_under_the_same_mac_is_noticed() -> None:
    cursor = sealed("ast_1")
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    with pytest.raises(InvalidCursor):
        unsealed(urlsafe_b64encode(raw[:16] + b"ast_2").decode().rstrip("="))
