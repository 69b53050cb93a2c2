"""Walks through the state machines: whatever the order of calls, only legal edges happen and sequences never skip."""

from datetime import UTC, datetime
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import InvalidTransition
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.models import Asset
from sluice.domain.states import (
    ASSET_EDGES,
    DELIVERY_EDGES,
    JOB_EDGES,
    REPLAY_EDGES,
    UPLOAD_EDGES,
    AssetState,
    check_edge,
)

MOMENT = datetime(2026, 12, 1, tzinfo=UTC)
ORIGIN = Origin(environment="dev", now=MOMENT, event_id="evt_" + "0" * 26)


def asset_in(state: AssetState) -> Asset:
    return Asset(
        id="ast_" + "0" * 26,
        tenant_id="ten_" + "0" * 26,
        state=state,
        upload_id="upl_" + "0" * 26,
        playback_ids=(),
        created_at=MOMENT,
        updated_at=MOMENT,
        correlation_id="c",
    )


@pytest.mark.parametrize("edges", [ASSET_EDGES, UPLOAD_EDGES, JOB_EDGES, DELIVERY_EDGES, REPLAY_EDGES])
def test_every_state_has_its_row_and_every_edge_is_checked(edges: dict[StrEnum, frozenset[StrEnum]]) -> None:
    kind = type(next(iter(edges)))
    assert set(edges) == set(kind)
    for current in kind:
        for to in kind:
            if to in edges[current]:
                assert check_edge(edges, current, to) is to
            else:
                with pytest.raises(InvalidTransition):
                    check_edge(edges, current, to)


def test_a_deleted_asset_stays_deleted_and_every_other_state_can_be_deleted() -> None:
    assert not ASSET_EDGES[AssetState.DELETED]
    assert all(
        AssetState.DELETED in targets for state, targets in ASSET_EDGES.items() if state is not AssetState.DELETED
    )


@given(st.lists(st.sampled_from(list(AssetState)), max_size=30))
def test_a_walk_numbers_its_events_without_gaps(wishes: list[AssetState]) -> None:
    asset, told = asset_in(AssetState.CREATED), []
    for wish in wishes:
        before = asset
        try:
            asset, event = advance(asset, EventType.ASSET_UPDATED, ORIGIN, to=wish)
        except InvalidTransition:
            assert wish not in ASSET_EDGES[before.state]
            continue
        assert wish is before.state or wish in ASSET_EDGES[before.state]
        assert asset.version == before.version + 1
        told.append(event.sequence)
    assert told == list(range(1, len(told) + 1))


def test_an_event_is_below_the_limit_of_a_webhook_body() -> None:
    _, event = advance(asset_in(AssetState.CREATED), EventType.ASSET_UPDATED, ORIGIN, to=AssetState.INGESTING)
    assert len(event.body.encode()) < 20_000
