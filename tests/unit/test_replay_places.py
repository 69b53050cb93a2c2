"""A tenant runs five replays at once; the sixth waits for one to end."""

from typing import Any

import pytest

from functions.api_deliveries import handler
from sluice.domain.models import WebhookEndpoint
from sluice.domain.replays import Replay, ReplayPlace
from sluice.service import replays
from sluice.service.ports import Create, Remove, Write
from sluice.service.replay_places import MAX_RUNNING, take_place
from tests.contract.samples import make_replay
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.unit.deliveries_api import DeliveriesApi
from tests.unit.replay_world import delivered, minutes, progress, replay, replays_api, told


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DeliveriesApi:
    made = replays_api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    monkeypatch.setattr(replays, "AT_ONCE", 1)
    return made


@pytest.fixture
def endpoint(api: DeliveriesApi) -> WebhookEndpoint:
    return api.world.endpoint()


@pytest.fixture
def wanted(api: DeliveriesApi, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Two steps."""
    return {"event_ids": [event.id for event in delivered(api.world, 2)]}


def refusal(answer: Any) -> tuple[int, str, bool]:
    return answer["statusCode"], answer["json"]["code"], answer["json"]["retryable"]


def test_the_sixth_waits_for_one_to_end(api: DeliveriesApi, endpoint: WebhookEndpoint, wanted: dict[str, Any]) -> None:
    running = [replay(api, endpoint, wanted) for _ in range(MAX_RUNNING)]
    assert {told(answer)[0] for answer in running} == {"running"}
    refused = replay(api, endpoint, wanted)
    assert refusal(refused) == (429, "too_many_replays", True) and refused["headers"]["Retry-After"]
    assert len([row for row in api.world.records.rows.values() if isinstance(row, Replay)]) == MAX_RUNNING
    assert told(replay(api, endpoint, {**wanted, "dry_run": True}))[0] == "dry_run", "counting takes no place"
    minutes(api.world, 1)
    assert told(progress(api, endpoint, running[0]["json"]["replay_id"]))[0] == "completed"
    assert replay(api, endpoint, wanted)["statusCode"] == 202


def test_one_that_ends_at_once_keeps_no_place(
    api: DeliveriesApi, endpoint: WebhookEndpoint, wanted: dict[str, Any]
) -> None:
    one = {"event_ids": wanted["event_ids"][:1]}
    assert {replay(api, endpoint, one)["statusCode"] for _ in range(3 * MAX_RUNNING)} == {202}
    assert len([row for row in api.world.records.rows.values() if isinstance(row, ReplayPlace)]) == 1


def test_the_replays_of_a_deleted_endpoint_give_their_places_back(
    api: DeliveriesApi, endpoint: WebhookEndpoint, wanted: dict[str, Any]
) -> None:
    other = api.world.endpoint()
    for _ in range(MAX_RUNNING):
        replay(api, endpoint, wanted)
    api.world.records.commit(Remove(endpoint))
    assert replay(api, other, wanted)["statusCode"] == 429
    minutes(api.world, 1)
    assert replay(api, other, wanted)["statusCode"] == 202


def test_another_tenant_has_its_own(api: DeliveriesApi, endpoint: WebhookEndpoint, wanted: dict[str, Any]) -> None:
    for _ in range(MAX_RUNNING):
        replay(api, endpoint, wanted)
    theirs = make_replay(tenant_id="ten_other")
    take_place(theirs, records=api.world.records, log=FakeDeliveryLog(api.world.records))
    assert [row for row in api.world.records.rows.values() if isinstance(row, Replay) and row.id == theirs.id]


def test_a_place_that_somebody_else_takes_meanwhile(
    api: DeliveriesApi, endpoint: WebhookEndpoint, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both start, each in a place of its own."""
    records, commit = api.world.records, api.world.records.commit
    rival = make_replay(tenant_id=api.world.tenant.id, webhook_id=endpoint.id)
    rivals = [rival]

    def contested(*writes: Write) -> None:
        if rivals and any(isinstance(write, Create) and isinstance(write.record, ReplayPlace) for write in writes):
            take_place(rivals.pop(), records=records, log=FakeDeliveryLog(records))
        commit(*writes)

    monkeypatch.setattr(records, "commit", contested)
    answer = replay(api, endpoint, wanted)
    assert told(answer)[0] == "running"
    places = {row.number: row.replay_id for row in records.rows.values() if isinstance(row, ReplayPlace)}
    assert places == {0: rival.id, 1: answer["json"]["replay_id"]}
