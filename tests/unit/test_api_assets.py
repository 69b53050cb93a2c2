"""Assets and jobs over HTTP: what is shown, to whom, page by page."""

import json
from typing import Any

import pytest

from functions.api_assets import handler
from sluice.bootstrap import ApiAssets
from sluice.domain.errors import ErrorClass
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, ErrorInfo, Job, JobProgress
from sluice.domain.states import AssetState, JobState
from sluice.service.ports import Create
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.timeline import FakeTimeline

ids, clock = FakeIds(), FakeClock()
TENANT, OTHER = ids(Prefix.TENANT), ids(Prefix.TENANT)


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> FakeRecords:
    records = FakeRecords()
    ports = ApiAssets(
        environment="dev",
        records=records,
        timeline=FakeTimeline(records),
        now=clock,
        new_id=ids,
        cursor_key=lambda: b"k" * 32,
        jobs=lambda: pytest.fail("nobody asked for a job"),
    )
    monkeypatch.setattr(handler, "deps", lambda: ports)
    return records


def get(path: str, tenant: str = TENANT, **query: str) -> tuple[int, Any]:
    event = request("GET", path, query=query, tenant=tenant, scopes=["assets:read"])
    answer = handler.lambda_handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def asset(records: FakeRecords, tenant: str = TENANT, **changes: Any) -> Asset:
    fields = {
        "id": ids(Prefix.ASSET),
        "tenant_id": tenant,
        "state": AssetState.READY,
        "upload_id": ids(Prefix.UPLOAD),
        "playback_ids": (ids(Prefix.PLAYBACK),),
        "created_at": clock(),
        "updated_at": clock(),
        "correlation_id": "internal-1",
    }
    made = Asset.model_validate({**fields, **changes})
    records.commit(Create(made))
    return made


def job(records: FakeRecords, **changes: Any) -> Job:
    fields = {
        "id": ids(Prefix.JOB),
        "tenant_id": TENANT,
        "asset_id": ids(Prefix.ASSET),
        "state": JobState.RUNNING,
        "source_key": "uploads/secret/key",
        "source_bytes": 5,
        "attempt": 2,
        "capacity": "FARGATE_SPOT",
        "created_at": clock(),
        "updated_at": clock(),
        "started_at": clock(),
        "correlation_id": "internal-1",
    }
    made = Job.model_validate({**fields, **changes})
    records.commit(Create(made))
    return made


def test_an_asset_is_shown_without_our_internals(records: FakeRecords) -> None:
    error = ErrorInfo(code="input.not_video", error_class=ErrorClass.INPUT, retryable=False, message="No video.")
    stored = asset(
        records, state=AssetState.FAILED, title="Film", tags=("a",), metadata={"k": "v"}, error=error, duration_s=12.5
    )
    status, body = get(f"/v1/assets/{stored.id}")
    assert status == 200
    assert body == {
        "asset_id": stored.id,
        "upload_id": stored.upload_id,
        "job_id": None,
        "state": "failed",
        "playable": False,
        "review": None,
        "creator_id": None,
        "playback_ids": list(stored.playback_ids),
        "playback_policy": "signed",
        "encoding_profile": None,
        "active_version": None,
        "thumbnail_id": None,
        "title": "Film",
        "external_id": None,
        "metadata": {"k": "v"},
        "tags": ["a"],
        "duration_s": 12.5,
        "error": {"code": "input.not_video", "class": "input", "retryable": False, "message": "No video."},
        "created_at": "2026-12-01T10:00:00.000Z",
        "updated_at": "2026-12-01T10:00:00.000Z",
    }


def test_unknown_foreign_deleted_and_malformed_ids_are_one_answer(records: FakeRecords) -> None:
    foreign = asset(records, tenant=OTHER)
    deleted = asset(records, state=AssetState.DELETED)
    answers = [
        get(f"/v1/assets/{asset_id}") for asset_id in (ids(Prefix.ASSET), foreign.id, deleted.id, "ast_1", TENANT)
    ]
    for status, body in answers:
        assert status == 404
        del body["instance"]
        assert body == answers[0][1]
    assert answers[0][1]["code"] == "asset_not_found"


def test_a_malformed_id_never_reaches_the_table(records: FakeRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(records, "asset", lambda tenant_id, asset_id: asked.append(asset_id))
    monkeypatch.setattr(records, "job", lambda tenant_id, job_id: asked.append(job_id))
    assert {get(path)[0] for path in ("/v1/assets/ast_1", "/v1/jobs/x%00", f"/v1/jobs/{ids(Prefix.ASSET)}")} == {404}
    assert asked == []


def test_pages_run_from_the_newest_to_the_oldest(records: FakeRecords) -> None:
    stored = [asset(records).id for _ in range(5)]
    asset(records, tenant=OTHER)
    asset(records, state=AssetState.DELETED)
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        status, body = get("/v1/assets", limit="2", **({"cursor": cursor} if cursor else {}))
        assert status == 200
        seen += [item["asset_id"] for item in body["data"]]
        cursor, pages = body["next_cursor"], pages + 1
    assert seen == stored[::-1]
    assert pages == 3


def test_an_empty_list(records: FakeRecords) -> None:
    assert get("/v1/assets") == (200, {"data": [], "next_cursor": None})


def test_a_cursor_of_another_tenant_is_refused(records: FakeRecords) -> None:
    for _ in range(2):
        asset(records)
    _, body = get("/v1/assets", limit="1")
    status, refused = get("/v1/assets", tenant=OTHER, cursor=body["next_cursor"])
    assert (status, refused["code"]) == (400, "invalid_cursor")


def test_a_job_with_its_progress(records: FakeRecords) -> None:
    stored = job(records)
    assert get(f"/v1/jobs/{stored.id}")[1]["progress"] is None
    progress = JobProgress(
        tenant_id=TENANT, job_id=stored.id, attempt=2, stage="encode", percent=41.5, updated_at=clock()
    )
    records.save_progress(progress)
    status, body = get(f"/v1/jobs/{stored.id}")
    assert status == 200
    assert body == {
        "job_id": stored.id,
        "asset_id": stored.asset_id,
        "state": "running",
        "attempt": 2,
        "encoding_profile": None,
        "capacity": "FARGATE_SPOT",
        "progress": {
            "stage": "encode",
            "percent": 41.5,
            "realtime_factor": None,
            "chunks_done": None,
            "chunks_total": None,
            "attempt": 2,
            "updated_at": "2026-12-01T10:00:00.000Z",
        },
        "quality": None,
        "version_id": None,
        "error": None,
        "created_at": "2026-12-01T10:00:00.000Z",
        "started_at": "2026-12-01T10:00:00.000Z",
        "queue_wait_s": 0.0,
        "finished_at": None,
    }


@pytest.mark.parametrize("job_id", ["job_1", "x", ids(Prefix.JOB)])
def test_an_unknown_job_is_404(records: FakeRecords, job_id: str) -> None:
    status, body = get(f"/v1/jobs/{job_id}")
    assert (status, body["code"]) == (404, "job_not_found")


def test_a_foreign_job_is_404(records: FakeRecords) -> None:
    assert get(f"/v1/jobs/{job(records).id}", tenant=OTHER)[0] == 404
