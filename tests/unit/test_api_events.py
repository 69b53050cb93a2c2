"""The feed over HTTP: the webhooks' bytes, cursors that belong to their filters, and waiting that is bounded."""

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.api_events import handler
from sluice.domain.feed import FeedWaiter
from sluice.domain.ids import Prefix
from sluice.service.ports import Create
from tests.unit.feed_api import PLACES, Api


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(handler, "deps", lambda: api.ports)
    return api


def types(body: Any) -> list[str]:
    return [event["type"] for event in body["data"]]


ALL = ["asset.created", "upload.created", "asset.updated", "upload.complete"]


def test_bodies_are_the_bytes_that_webhooks_carry(api: Api) -> None:
    _, asset = api.world.create(title="Größe", external_id='"q" \\ ü\u2028')
    api.dispatch()
    stored = [event.body for event in api.world.records.events(api.tenant, asset.id)]
    status, text = api.text()
    assert status == 200 and len(stored) == 2
    assert text.startswith('{"data":[' + ",".join(stored) + '],"next_cursor":"')
    assert [one["id"] for one in json.loads(text)["data"]] == [json.loads(body)["id"] for body in stored]


def test_pages_follow_each_other_to_the_end_and_on(api: Api) -> None:
    api.upload()
    seen, query = [], {}
    for more in (True, False):
        status, body = api(limit=2, **query)
        assert (status, body["has_more"], len(body["data"])) == (200, more, 2)
        seen += types(body)
        query = {"after": body["next_cursor"]}
    assert seen == ALL
    assert api(**query) == (200, {"data": [], "next_cursor": query["after"], "has_more": False})
    api.upload()
    assert types(api(**query)[1]) == ALL


def test_filters_leave_out_the_rest_and_their_cursor_goes_behind_it(api: Api) -> None:
    first, second = api.upload(), api.upload()
    _, body = api(types="upload.*,asset.created", asset_id=second)
    assert types(body) == ["asset.created", "upload.created", "upload.complete"]
    assert {event["data"]["asset_id"] for event in body["data"]} == {second}
    assert types(api(types="transcode.ready")[1]) == []
    _, body = api(asset_id=first, types="upload.complete")
    assert len(body["data"]) == 1
    assert not api(asset_id=first, types="upload.complete", after=body["next_cursor"])[1]["has_more"]


def test_latest_is_from_now_on(api: Api) -> None:
    api.upload()
    _, body = api(after="latest")
    assert (body["data"], body["has_more"]) == ([], False)
    api.upload()
    assert types(api(after=body["next_cursor"])[1]) == ALL


def test_another_tenant_sees_nothing_of_it(api: Api) -> None:
    asset_id = api.upload()
    stranger = api.world.new_id(Prefix.TENANT)
    cursor = api(limit=1)[1]["next_cursor"]
    assert json.loads(api.text(tenant=stranger)[1])["data"] == []
    assert api.text(tenant=stranger, after=cursor)[0] == 400
    assert api.text(tenant=stranger, asset_id=asset_id)[0] == 404


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"after": "AAAA"}, 400, "invalid_cursor"),
        ({"types": "asset.creatd"}, 422, "invalid_request"),
        ({"types": ""}, 422, "invalid_request"),
        ({"asset_id": "ast_1"}, 404, "asset_not_found"),
        ({"wait_s": 21}, 422, "invalid_request"),
        ({"limit": 101}, 422, "invalid_request"),
        ({"cursor": "x"}, 422, "invalid_request"),
    ],
)
def test_refusals(api: Api, query: dict[str, Any], status: int, code: str) -> None:
    answered, body = api(**query)
    assert (answered, body["code"]) == (status, code)


def test_a_cursor_belongs_to_its_filters(api: Api) -> None:
    asset_id = api.upload()
    cursor = api(types="asset.*", limit=1)[1]["next_cursor"]
    for query in ({}, {"types": "upload.*"}, {"types": "asset.*", "asset_id": asset_id}):
        status, body = api(after=cursor, **query)
        assert (status, body["code"]) == (400, "invalid_cursor")
    assert api(after=cursor, types="asset.*", wait_s=1, limit=9)[0] == 200
    altered = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    assert api(after=altered, types="asset.*")[0] == 400


def test_a_cursor_that_is_too_old_says_so(api: Api) -> None:
    api.upload()
    cursor = api(limit=1)[1]["next_cursor"]
    api.world.now.tick(days=31)
    status, body = api(after=cursor)
    assert (status, body["code"]) == (410, "cursor_expired")


# ------------------------------------------------------------------ waiting


def test_nothing_is_waited_for_when_something_is_there(api: Api) -> None:
    api.upload()
    assert types(api(wait_s=20)[1]) == ALL
    assert api.slept == 0


def test_an_event_ends_the_wait(api: Api) -> None:
    api.meanwhile = lambda: api.upload() if api.slept == 3 else None  # type: ignore[assignment]
    assert types(api(wait_s=20)[1]) == ALL
    assert api.slept == 3
    assert api.waiters() == []


def test_an_event_that_is_not_wanted_does_not(api: Api) -> None:
    api.meanwhile = lambda: api.upload() if api.slept == 3 else None  # type: ignore[assignment]
    status, body = api(wait_s=20, types="transcode.*")
    assert (status, body["data"], api.slept) == (200, [], 20)
    assert api(types="transcode.*", after=body["next_cursor"])[1] == body, "behind what was looked at"


def test_a_tenant_has_so_many_places_to_wait_in(api: Api) -> None:
    statuses: list[int] = []

    def another() -> None:
        """Begins while those before it wait, and ends before them."""
        if len(api.waiters()) <= PLACES and 429 not in statuses:
            statuses.append(api(wait_s=20)[0])

    api.meanwhile = another
    assert api(wait_s=20)[0] == 200
    assert statuses == [429] + [200] * (PLACES - 1)
    assert api.waiters() == []
    assert api()[0] == 200, "without a wait no place is needed"


def test_a_refusal_can_be_repeated(api: Api) -> None:
    for place in range(PLACES):
        waiter = FeedWaiter(
            tenant_id=api.tenant, place=place, holder="dead", until=api.world.now() + timedelta(seconds=30)
        )
        api.world.records.commit(Create(waiter))
    status, body = api(wait_s=20)
    assert (status, body["code"], body["retryable"]) == (429, "too_many_polls", True)
    api.world.now.tick(seconds=31)
    assert api(wait_s=20)[0] == 200, "a place is free again although its request died"
    assert len(api.waiters()) == PLACES - 1
