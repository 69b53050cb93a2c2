import json
from typing import Any

import pytest

from functions.api_assets import handler as assets
from functions.api_ingest import handler, models
from sluice.bootstrap import ApiAssets
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.timeline import FakeTimeline
from tests.unit.ingest_world import URL, IngestWorld


class Api:
    """Calls the handler as the gateway would, with fakes behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = IngestWorld()
        monkeypatch.setattr(handler, "deps", lambda: self.world.ingest_ports)
        reading = ApiAssets(
            environment="dev",
            records=self.world.records,
            timeline=FakeTimeline(self.world.records),
            now=self.world.now,
            new_id=self.world.new_id,
            cursor_key=lambda: b"k" * 32,
            jobs=lambda: pytest.fail("nobody asked for a job"),
        )
        monkeypatch.setattr(assets, "deps", lambda: reading)

    def __call__(
        self, path: str, body: Any = None, *, scope: str = "assets:write", **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        method, function = ("GET", assets) if body is None else ("POST", handler)
        tenant = self.world.caller.tenant_id
        event = request(method, path, body=body, headers=headers, scopes=[scope], tenant=tenant)
        answer = function.lambda_handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    return Api(monkeypatch)


def source(url: str = URL, **fields: Any) -> dict[str, Any]:
    return {"input": {"url": url}, **fields}


def test_a_source_answers_with_its_asset(api: Api) -> None:
    fields = {"title": "Film", "metadata": {"a": "b"}, "tags": ["x"], "external_id": "e", "creator_id": "ann"}
    status, made, _ = api("/v1/assets", source(filename="film.mp4", transcode="none", **fields))
    assert status == 201
    assert fields.items() <= made.items()
    assert api(f"/v1/assets/{made['asset_id']}", scope="assets:read")[1] == made
    upload = api.world.records.upload(api.world.caller.tenant_id, made["upload_id"])
    assert upload is not None and upload.source is not None
    assert (upload.filename, upload.transcode, upload.source.url) == ("film.mp4", "none", URL)
    assert api.world.fetches.names == [upload.id]


def test_a_repeated_call_makes_one_asset(api: Api) -> None:
    first = api("/v1/assets", source(), **{"Idempotency-Key": "k"})
    again = api("/v1/assets", source(), **{"Idempotency-Key": "k"})
    assert first[1] == again[1] and again[2]["Idempotent-Replayed"] == "true"
    assert len(api.world.fetches.names) == 1
    assert api("/v1/assets", source(title="other"), **{"Idempotency-Key": "k"})[1]["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        (source("http://10.0.0.1/"), "url_not_allowed", None),
        ({}, "invalid_request", "/input"),
        (source(""), "invalid_request", "/input/url"),
        (source("https://" + "a" * 2_048), "invalid_request", "/input/url"),
        (source(size_bytes=5), "invalid_request", "/size_bytes"),
        (source(intake_policy_id="ipl_unknown"), "intake_policy_not_found", None),
    ],
)
def test_what_cannot_be_taken_is_refused_and_makes_nothing(
    api: Api, body: dict[str, Any], code: str, pointer: str | None
) -> None:
    status, problem, _ = api("/v1/assets", body)
    assert status in (404, 422) and problem["code"] == code
    assert [field["pointer"] for field in problem["errors"]] == ([pointer] if pointer else [])
    assert not api.world.fetches.names


def test_it_needs_its_own_scope(api: Api) -> None:
    for path, body in (("/v1/assets", source()), ("/v1/assets:batch", {"assets": [source()]})):
        assert api(path, body, scope="uploads:write")[1]["code"] == "missing_scope"


def test_a_batch_answers_for_each(api: Api) -> None:
    bodies = [source(title="a"), source("http://10.0.0.1/"), source(intake_policy_id="ipl_unknown"), source(title="d")]
    status, answer, headers = api("/v1/assets:batch", {"assets": bodies}, **{"Idempotency-Key": "k"})
    assert (status, [one["status"] for one in answer["data"]]) == (200, [201, 422, 404, 201])
    assert [one["index"] for one in answer["data"]] == [0, 1, 2, 3]
    first, second, third, fourth = answer["data"]
    assert (first["asset"]["title"], fourth["asset"]["title"]) == ("a", "d")
    assert first["error"] is None and second["asset"] is None
    assert (second["error"]["code"], second["error"]["retryable"]) == ("url_not_allowed", False)
    assert third["error"]["code"] == "intake_policy_not_found"
    assert "Idempotent-Replayed" not in headers
    again = api("/v1/assets:batch", {"assets": bodies}, **{"Idempotency-Key": "k"})
    assert again[1] == answer and again[2]["Idempotent-Replayed"] == "true"


def test_fields_of_a_refusal_come_along_in_a_replay_too(api: Api) -> None:
    schema = json.dumps({"type": "object", "required": ["class"]})
    bodies = [source(intake_policy_id=api.world.policy(metadata_schema=schema))]
    for _ in range(2):
        _, answer, _ = api("/v1/assets:batch", {"assets": bodies}, **{"Idempotency-Key": "k"})
        [field] = answer["data"][0]["error"]["errors"]
        assert field["pointer"].startswith("/metadata")


@pytest.mark.parametrize(
    "bodies",
    [
        [],
        [source()] * 1_001,
        [source(), {"input": {}}],
        [source(), source(titel="x")],
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(api: Api, bodies: list[Any]) -> None:
    status, problem, _ = api("/v1/assets:batch", {"assets": bodies})
    assert (status, problem["code"]) == (422, "invalid_request")
    assert problem["errors"][0]["pointer"].startswith("/assets")
    assert not api.world.fetches.names


def test_a_batch_whose_answer_would_be_too_long_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = {f"k{number}": '"' * 500 for number in range(10)}
    status, problem, _ = api("/v1/assets:batch", {"assets": [source(metadata=metadata) for _ in range(1_000)]})
    assert (status, problem["code"]) == (422, "invalid_request")
    assert "smaller" in problem["errors"][0]["detail"]
    monkeypatch.setattr(models, "MOST_SHOWN", 300)
    assert api("/v1/assets:batch", {"assets": [source(metadata=metadata)]})[0] == 422


def test_the_longest_answer_fits_into_what_a_function_may_return(api: Api) -> None:
    """6 MB, in which the body stands as a JSON string."""
    metadata = {f"k{number}": '"' * 110 for number in range(10)}
    bodies = [source(metadata=metadata, title='"' * 60) for _ in range(1_000)]
    shown = [{"title": one["title"], "external_id": None, "metadata": one["metadata"], "tags": []} for one in bodies]
    assert len(json.dumps(shown)) > models.MOST_SHOWN * 0.95
    event = request(
        "POST",
        "/v1/assets:batch",
        body={"assets": bodies},
        scopes=["assets:write"],
        tenant=api.world.caller.tenant_id,
    )
    answer = handler.lambda_handler(event, LambdaContext())
    assert answer["statusCode"] == 200
    assert len(json.dumps(answer)) < 6_000_000
