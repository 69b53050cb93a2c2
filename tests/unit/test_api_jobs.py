"""Jobs over HTTP: listed page by page, cancelled, and made anew for an asset."""

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.api_assets import handler
from sluice.bootstrap import ApiAssets
from sluice.domain.asset_jobs import AssetJob
from sluice.domain.ids import Prefix
from sluice.domain.models import Job, JobProgress
from sluice.domain.states import JobState
from sluice.service import catalogue
from sluice.service.ports import Create
from tests.contract.samples import make_job
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.timeline import FakeTimeline
from tests.unit.test_profile_use import stored_profile
from tests.unit.world import World


class Api:
    """Calls the handler as the gateway would, with fakes behind it."""

    def __init__(self) -> None:
        self.world = World()
        self.tenant = self.world.caller.tenant_id
        self.deps = ApiAssets(
            environment="dev",
            records=self.world.records,
            timeline=FakeTimeline(self.world.records),
            now=self.world.now,
            new_id=self.world.new_id,
            cursor_key=lambda: b"k" * 32,
            jobs=lambda: self.world.job_ports,
        )

    def __call__(
        self,
        method: str,
        path: str,
        *,
        scope: str = "assets:write",
        key: str | None = None,
        body: dict[str, Any] | None = None,
        **query: str,
    ) -> tuple[int, Any, dict[str, str]]:
        headers = {"Idempotency-Key": key} if key else {}
        event = request(method, path, query=query, headers=headers, scopes=[scope], tenant=self.tenant, body=body)
        answer = handler.lambda_handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    def get(self, path: str, **query: str) -> tuple[int, Any]:
        status, body, _ = self("GET", path, scope="assets:read", **query)
        return status, body

    def pages(self, **query: str) -> list[list[str]]:
        seen, cursor = [], ""
        while cursor is not None:
            status, body = self.get("/v1/jobs", **query, **({"cursor": cursor} if cursor else {}))
            assert status == 200, body
            seen.append([job["job_id"] for job in body["data"]])
            cursor = body["next_cursor"]
        return seen

    def job(self, **fields: Any) -> Job:
        job = make_job(**{"id": self.world.new_id(Prefix.JOB), "tenant_id": self.tenant} | fields)
        pointer = AssetJob(tenant_id=job.tenant_id, asset_id=job.asset_id, job_id=job.id)
        self.world.records.commit(Create(job), Create(pointer))
        return job

    def failed(self) -> str:
        """The id of an asset that failed."""
        _, asset, job = self.world.uploaded()
        self.world.fail(job)
        return asset.id


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(handler, "deps", lambda: api.deps)
    return api


# ------------------------------------------------------------------ lists


def test_pages_run_from_the_newest_to_the_oldest(api: Api) -> None:
    jobs = [api.job().id for _ in range(5)]
    api.job(tenant_id=api.world.new_id(Prefix.TENANT))
    assert api.pages(limit="2") == [[jobs[4], jobs[3]], [jobs[2], jobs[1]], [jobs[0]]]


def test_the_jobs_of_one_asset(api: Api) -> None:
    _, asset, first = api.world.uploaded()
    others = [api.job(asset_id=asset.id).id for _ in range(3)]
    api.job()
    assert api.pages(asset_id=asset.id, limit="2") == [[others[2], others[1]], [others[0], first.id]]


def test_the_jobs_in_one_state(api: Api) -> None:
    states = [JobState.FAILED, JobState.QUEUED, JobState.FAILED, JobState.FAILED, JobState.QUEUED]
    jobs = [api.job(state=state).id for state in states]
    assert api.pages(state="failed", limit="2") == [[jobs[3], jobs[2]], [jobs[0]]]
    assert api.pages(state="failed", limit="3") == [[jobs[3], jobs[2], jobs[0]]]
    assert api.pages(state="cancelled") == [[]]


def test_a_rare_state_is_found_page_by_page_over_many_jobs(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page examines so many jobs and no more: it may be short, even empty, while a cursor goes on."""
    monkeypatch.setattr(catalogue, "CHUNK", 2)
    monkeypatch.setattr(catalogue, "EXAMINED", 4)
    states = [JobState.FAILED, *[JobState.SUCCEEDED] * 6, JobState.FAILED, JobState.SUCCEEDED]
    jobs = [api.job(state=state).id for state in states]
    assert api.pages(state="failed") == [[jobs[7]], [], [jobs[0]]]


def test_each_job_says_how_it_ran_and_how_long_it_waited(api: Api) -> None:
    waiting = api.job()
    created = api.world.now()
    started = created + timedelta(seconds=41.5)
    running = api.job(state=JobState.RUNNING, attempt=2, capacity="FARGATE", created_at=created, started_at=started)
    reported = {"tenant_id": api.tenant, "job_id": running.id, "attempt": 2, "stage": "encode", "updated_at": started}
    api.world.records.save_progress(JobProgress(**reported, percent=40.5, realtime_factor=2.5, chunks=(3, 7)))
    one, other = api.get("/v1/jobs")[1]["data"]
    assert (one["job_id"], one["attempt"], one["capacity"], one["queue_wait_s"]) == (running.id, 2, "FARGATE", 41.5)
    told = one["progress"]
    assert (told["stage"], told["percent"], told["realtime_factor"]) == ("encode", 40.5, 2.5)
    assert (told["chunks_done"], told["chunks_total"]) == (3, 7)
    assert (other["job_id"], other["queue_wait_s"], other["progress"]) == (waiting.id, None, None)
    assert api.get(f"/v1/jobs/{running.id}")[1] == one


@pytest.mark.parametrize("asset_id", ["ast_1", "ast_00000000000000000000000zzz"])
def test_jobs_of_an_unknown_asset_are_404(api: Api, asset_id: str) -> None:
    status, body = api.get("/v1/jobs", asset_id=asset_id)
    assert (status, body["code"]) == (404, "asset_not_found")


def test_a_state_that_does_not_exist_is_refused(api: Api) -> None:
    status, body = api.get("/v1/jobs", state="done")
    assert (status, body["code"]) == (422, "invalid_request")
    assert [(field["pointer"], field["code"]) for field in body["errors"]] == [("query.state", "not_allowed")]


def test_a_cursor_belongs_to_its_filters(api: Api) -> None:
    _, asset, _ = api.world.uploaded()
    for _ in range(2):
        api.job(asset_id=asset.id)
    cursor = api.get("/v1/jobs", limit="1", asset_id=asset.id)[1]["next_cursor"]
    for query in ({}, {"state": "queued"}, {"asset_id": asset.id, "state": "queued"}):
        status, body = api.get("/v1/jobs", cursor=cursor, **query)
        assert (status, body["code"]) == (400, "invalid_cursor")
    assert api.get("/v1/jobs", cursor=cursor, asset_id=asset.id)[0] == 200


# ------------------------------------------------------------------ retry


def test_a_retry_answers_with_the_new_job(api: Api) -> None:
    asset_id = api.failed()
    status, body, headers = api("POST", f"/v1/assets/{asset_id}/retry")
    assert (status, body["state"], body["asset_id"], body["progress"]) == (201, "queued", asset_id, None)
    assert headers["Location"] == f"/v1/jobs/{body['job_id']}"
    _, asset = api.get(f"/v1/assets/{asset_id}")
    assert (asset["state"], asset["job_id"], asset["error"]) == ("processing", body["job_id"], None)


def test_a_retry_with_its_key_again_makes_no_second_job(api: Api) -> None:
    asset_id = api.failed()
    path = f"/v1/assets/{asset_id}/retry"
    first, again = api("POST", path, key="k"), api("POST", path, key="k")
    assert (again[0], again[1]["job_id"]) == (201, first[1]["job_id"])
    assert "Idempotent-Replayed" not in first[2] and again[2]["Idempotent-Replayed"] == "true"
    assert len(api.pages(asset_id=asset_id)[0]) == 2
    status, body, _ = api("POST", f"/v1/assets/{api.failed()}/retry", key="k")
    assert (status, body["code"]) == (422, "idempotency_key_reused")


def test_a_retry_with_another_profile(api: Api) -> None:
    profile_id = stored_profile(api.world)
    path = f"/v1/assets/{api.failed()}/retry"
    for body, code in (
        ({"encoding_profile_id": "enc_x"}, "encoding_profile_not_found"),
        ({"encoding_profile_id": 5}, "invalid_request"),
        ({"profile": profile_id}, "invalid_request"),
    ):
        assert api("POST", path, body=body)[1]["code"] == code
    _, job, _ = api("POST", path, body={"encoding_profile_id": profile_id})
    assert job["encoding_profile"] == {"id": profile_id, "version": 1}
    for body in ({}, {"encoding_profile_id": None}):
        _, job, _ = api("POST", f"/v1/assets/{api.failed()}/retry", body=body)
        assert (job["state"], job["encoding_profile"]) == ("queued", None)


def test_refusals_of_a_retry(api: Api) -> None:
    upload, asset, _ = api.world.uploaded()
    refused = [api("POST", f"/v1/assets/{asset.id}/retry")]
    created, _ = api.world.create()
    refused.append(api("POST", f"/v1/assets/{created.asset_id}/retry"))
    lost = api.failed()
    api.world.objects.objects.clear()
    refused.append(api("POST", f"/v1/assets/{lost}/retry"))
    refused.append(api("POST", f"/v1/assets/{api.world.new_id(Prefix.ASSET)}/retry"))
    assert [(status, body["code"]) for status, body, _ in refused] == [
        (409, "job_active"),
        (409, "asset_not_uploaded"),
        (409, "original_gone"),
        (404, "asset_not_found"),
    ]


# ------------------------------------------------------------------ cancel


def test_cancelling_answers_with_the_job_and_can_be_repeated(api: Api) -> None:
    _, asset, job = api.world.uploaded()
    for _ in range(2):
        status, body, _ = api("POST", f"/v1/jobs/{job.id}/cancel")
        assert (status, body["job_id"], body["state"]) == (200, job.id, "cancelled")
        assert (body["error"]["code"], body["error"]["class"]) == ("job.cancelled", "input")
    assert api.get(f"/v1/assets/{asset.id}")[1]["error"]["code"] == "job.cancelled"


def test_refusals_of_a_cancel(api: Api) -> None:
    ended = api.job(state=JobState.SUCCEEDED)
    answers = [api("POST", f"/v1/jobs/{job_id}/cancel") for job_id in (ended.id, api.world.new_id(Prefix.JOB), "job_1")]
    assert [(status, body["code"]) for status, body, _ in answers] == [
        (409, "job_ended"),
        (404, "job_not_found"),
        (404, "job_not_found"),
    ]


def test_readers_may_neither_retry_nor_cancel(api: Api) -> None:
    _, asset, job = api.world.uploaded()
    for path in (f"/v1/assets/{asset.id}/retry", f"/v1/jobs/{job.id}/cancel"):
        status, body, _ = api("POST", path, scope="assets:read")
        assert (status, body["code"]) == (403, "missing_scope")
    assert api("GET", "/v1/jobs")[1]["code"] == "missing_scope"
