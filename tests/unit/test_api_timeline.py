"""The timeline of an asset over HTTP: everything that happened to it, once, in pages of any size."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from functions.api_assets import handler
from sluice.bootstrap import ApiAssets
from sluice.domain.denials import Denial, DenialReason
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, JobResult
from sluice.service.dispatch import dispatch_event
from sluice.service.intake import creating
from sluice.service.ports import Create
from tests.contract.samples import make_job, make_webhook
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.denials import FakeDenials
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.timeline import FakeTimeline
from tests.unit.world import KILLED, World

WEBHOOKS = 2
KINDS = ("event", "job", "delivery", "audit", "denial")


class Api:
    def __init__(self) -> None:
        self.world = World()
        self.deps = ApiAssets(
            environment="dev",
            records=self.world.records,
            timeline=FakeTimeline(self.world.records),
            now=self.world.now,
            new_id=self.world.new_id,
            cursor_key=lambda: b"k" * 32,
            jobs=lambda: self.world.job_ports,
        )

    def __call__(self, asset_id: str, tenant: str | None = None, **query: str) -> tuple[int, Any]:
        path = f"/v1/assets/{asset_id}/timeline"
        who = tenant or self.world.caller.tenant_id
        answer = handler.lambda_handler(
            request("GET", path, query=query, tenant=who, scopes=["assets:read"]), LambdaContext()
        )
        return answer["statusCode"], json.loads(answer["body"])

    def dispatch(self) -> None:
        world = self.world
        world.now.tick(seconds=1)
        for event in world.records.undispatched_events(before=world.now(), limit=100):
            queue = FakeDeliveryQueue(world.now)
            dispatch_event(event=event, records=world.records, queue=queue, new_id=world.new_id, now=world.now)

    def failed_twice(self) -> str:
        """An asset with two jobs, its events told to two endpoints."""
        tenant = self.world.caller.tenant_id
        for _ in range(WEBHOOKS):
            self.world.records.commit(Create(make_webhook(tenant_id=tenant)))
        _, asset, job = self.world.uploaded()
        self.dispatch()
        lost = JobResult(
            tenant_id=tenant, job_id=job.id, attempt=1, outcome="failed", error=KILLED, created_at=self.world.now()
        )
        self.world.records.save_result(lost)
        key = next(key for key, row in self.world.records.rows.items() if row == job)
        self.world.records.rows[key] = job = job.model_copy(update={"attempt": 2})
        self.world.fail(job)
        self.dispatch()
        self.world.retry(asset.id)
        self.dispatch()
        for minutes in (-2, 0, 2):
            self.deny(asset, minutes)
        return asset.id

    def deny(self, asset: Asset, minutes: int) -> None:
        moment = self.world.now() + timedelta(minutes=minutes)
        denial = Denial(
            tenant_id=asset.tenant_id,
            asset_id=asset.id,
            reason=DenialReason.TOKEN_EXPIRED,
            minute=moment.replace(second=0, microsecond=0),
            last_at=moment,
            request_id="r-1",
            session_id=None,
        )
        FakeDenials(self.world.records).add(denial)

    def pages(self, asset_id: str, limit: int, **chosen: str) -> list[Any]:
        seen: list[Any] = []
        query = chosen
        while True:
            status, body = self(asset_id, limit=str(limit), **query)
            assert status == 200 and len(body["data"]) <= limit
            seen += body["data"]
            if body["next_cursor"] is None:
                return seen
            query = {**chosen, "cursor": body["next_cursor"]}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(handler, "deps", lambda: api.deps)
    return api


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_everything_is_shown_once_from_the_newest_on(api: Api, limit: int) -> None:
    asset_id = api.failed_twice()
    seen = api.pages(asset_id, limit)
    events = len(api.world.records.events(api.world.caller.tenant_id, asset_id))
    asked = 4  # created, begun, completed, transcoded again
    told_to = events * WEBHOOKS
    counts = {"event": events, "job": 2, "delivery": told_to, "audit": asked, "denial": 3}
    assert Counter(one["kind"] for one in seen) == counts
    assert len({json.dumps(one, sort_keys=True) for one in seen}) == len(seen)
    assert [one["at"] for one in seen] == sorted((one["at"] for one in seen), reverse=True)
    told = [one["event"]["sequence"] for one in seen if one["kind"] == "event"]
    assert told == list(range(events, 0, -1))
    assert seen == api.pages(asset_id, 50)


def test_each_entry_has_what_its_kind_says(api: Api) -> None:
    asset_id = api.failed_twice()
    for one in api.pages(asset_id, 50):
        assert [kind for kind in KINDS if one[kind] is not None] == [one["kind"]]
    newest = [one for one in api.pages(asset_id, 50) if one["kind"] != "event"]
    delivery = next(one["delivery"] for one in newest if one["kind"] == "delivery")
    assert (delivery["event_type"], delivery["status"], delivery["attempt_count"]) == ("asset.updated", "pending", 0)
    queued, failed = (one["job"] for one in newest if one["kind"] == "job")
    assert (queued["state"], queued["attempts"], failed["state"], failed["attempt"]) == ("queued", [], "failed", 2)
    [attempt] = failed["attempts"]
    assert (attempt["attempt"], attempt["outcome"], attempt["error"]["code"]) == (1, "failed", KILLED.code)


def test_who_asked_is_told_with_what_was_asked_for(api: Api) -> None:
    asset_id = api.failed_twice()
    asked = [one["audit"] for one in api.pages(asset_id, 50, kinds="audit")]
    assert [one["action"] for one in asked] == ["asset.retry", "upload.complete", "upload.begin", "upload.create"]
    who, [newest, *_] = api.world.caller, (one["job"] for one in api.pages(asset_id, 50, kinds="job"))
    assert {one["actor"] for one in asked} == {who.key_id}
    retried = {name: asked[0][name] for name in ("job_id", "upload_id", "request_id", "correlation_id")}
    assert retried == {
        "job_id": newest["job_id"],
        "upload_id": None,
        "request_id": who.request_id,
        "correlation_id": who.correlation_id,
    }


def test_refused_viewers_stand_at_their_minute(api: Api) -> None:
    newest, *_ = api.pages(api.failed_twice(), 50, kinds="denial")
    told = newest["denial"]
    assert (told["reason"], told["count"], told["request_id"], told["session_id"]) == ("token_expired", 1, "r-1", None)
    assert newest["at"] == f"{told['last_at'][:16]}:00.000Z"


@pytest.mark.parametrize("kinds", [("event",), ("job", "audit"), ("delivery", "event", "delivery"), KINDS])
def test_some_kinds_are_the_whole_without_the_others(api: Api, kinds: tuple[str, ...]) -> None:
    asset_id = api.failed_twice()
    chosen = api.pages(asset_id, 2, kinds=",".join(kinds))
    assert chosen == [one for one in api.pages(asset_id, 50) if one["kind"] in kinds] != []


def test_a_cursor_goes_on_with_its_own_kinds_only(api: Api) -> None:
    asset_id = api.failed_twice()
    cursor = api(asset_id, limit="1", kinds="event,job")[1]["next_cursor"]
    assert api(asset_id, cursor=cursor, kinds="job,event")[0] == 200
    for other in ({}, {"kinds": "event"}):
        assert api(asset_id, cursor=cursor, **other)[1]["code"] == "invalid_cursor"


@pytest.mark.parametrize("kinds", ["", "events", "event,", "event, job"])
def test_an_unknown_kind_is_pointed_at(api: Api, kinds: str) -> None:
    status, problem = api(api.failed_twice(), kinds=kinds)
    assert (status, problem["errors"][0]["pointer"]) == (422, "query.kinds")


def test_more_transcodes_than_one_batch_holds_are_all_shown(api: Api) -> None:
    _, asset, _ = api.world.uploaded()
    for _ in range(102):
        api.world.records.commit(*creating(make_job(tenant_id=asset.tenant_id, asset_id=asset.id)))
    seen = [one["job"]["job_id"] for one in api.pages(asset.id, 100, kinds="job")]
    assert len(seen) == len(set(seen)) == 103


def test_it_is_of_one_asset_and_one_tenant(api: Api) -> None:
    asset_id = api.failed_twice()
    _, other, _ = api.world.uploaded()
    api.dispatch()
    assert {one["event"]["data"]["asset_id"] for one in api.pages(asset_id, 50) if one["event"]} == {asset_id}
    cursor = api(asset_id, limit="1")[1]["next_cursor"]
    assert api(other.id, cursor=cursor)[1]["code"] == "invalid_cursor"
    assert api(asset_id, tenant=api.world.new_id(Prefix.TENANT))[1]["code"] == "asset_not_found"
    assert api("ast_1")[0] == 404
