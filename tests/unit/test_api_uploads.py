import json
from typing import Any

import pytest

from functions.api_uploads import handler, part_routes
from sluice.domain.parts import MIB
from sluice.domain.states import AssetState
from tests.fakes.gateway import LambdaContext, request
from tests.unit.world import World


class Api:
    """Calls the handler as the gateway would, with fakes behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        monkeypatch.setattr(handler, "deps", lambda: self.world.ports)
        monkeypatch.setattr(part_routes.time, "sleep", self.meanwhile)

    def meanwhile(self, _: float) -> None:
        """What queue and S3 event do while a completion waits."""
        for tenant_id, upload_id in self.world.queue.sent:
            upload = self.world.records.upload(tenant_id, upload_id)
            assert upload is not None
            self.world.run_completion(upload)
            self.world.accept(upload)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        event = request(
            method,
            path,
            body=body,
            headers=headers,
            scopes=["uploads:write"],
            tenant=self.world.caller.tenant_id,
        )
        answer = handler.lambda_handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None, answer["headers"]

    def create(self, **body: Any) -> dict[str, Any]:
        status, answer, _ = self("POST", "/v1/uploads", {"size_bytes": 20 * MIB, **body})
        assert status == 201, answer
        return dict(answer)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    return Api(monkeypatch)


def test_one_call_reserves_upload_asset_and_playback_id(api: Api) -> None:
    made = api.create(title="A film", metadata={"camera": "1"}, tags=["x"], external_id="e-1", filename="a.mp4")
    assert made["state"] == "open" and made["part_count"] == 3 and made["part_size"] == 8 * MIB
    asset = api.world.records.asset(api.world.caller.tenant_id, made["asset_id"])
    assert asset is not None and asset.playback_ids == (made["playback_id"],)
    assert (asset.title, asset.metadata, asset.tags, asset.external_id) == ("A film", {"camera": "1"}, ("x",), "e-1")
    assert made.pop("upload_token").startswith("ut_dev_")
    assert made.pop("upload_token_expires_at") == made["expires_at"]
    assert api("GET", f"/v1/uploads/{made['upload_id']}")[1] == made


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/size_bytes"),
        ({"size_bytes": 0}, "/size_bytes"),
        ({"size_bytes": 5, "colour": "red"}, "/colour"),
        ({"size_bytes": 5, "content_type": "text/html"}, "/content_type"),
        ({"size_bytes": 5, "metadata": {"a b": "c"}}, "/metadata/a b"),
        ({"size_bytes": 5, "playback_policy": "public"}, "/playback_policy"),
    ],
)
def test_a_bad_field_is_named(api: Api, body: dict[str, Any], pointer: str) -> None:
    status, problem, headers = api("POST", "/v1/uploads", body)
    assert (status, problem["code"], headers["Content-Type"]) == (422, "invalid_request", "application/problem+json")
    assert any(error["pointer"].startswith(pointer) for error in problem["errors"]), problem["errors"]
    assert not api.world.records.rows


def test_the_same_idempotency_key_makes_one_upload(api: Api) -> None:
    body = {"size_bytes": 5, "token_ttl_s": 600}
    first = api("POST", "/v1/uploads", body, **{"Idempotency-Key": "k"})
    api.world.now.tick(seconds=290)
    again = api("POST", "/v1/uploads", body, **{"Idempotency-Key": "k"})
    assert first[0] == again[0] == 201 and first[1] == again[1]
    assert again[2]["Idempotent-Replayed"] == "true"
    status, problem, _ = api("POST", "/v1/uploads", {"size_bytes": 6}, **{"Idempotency-Key": "k"})
    assert (status, problem["code"]) == (422, "idempotency_key_reused")


def test_a_late_repeat_gets_a_token_that_still_lives(api: Api) -> None:
    body = {"size_bytes": 5, "token_ttl_s": 60}
    first = api("POST", "/v1/uploads", body, **{"Idempotency-Key": "k"})[1]
    api.world.now.tick(seconds=50)
    again = api("POST", "/v1/uploads", body, **{"Idempotency-Key": "k"})[1]
    assert again["upload_id"] == first["upload_id"]
    assert again["upload_token_expires_at"] > first["upload_token_expires_at"]


def test_a_key_that_found_a_duplicate_finds_it_again(api: Api) -> None:
    made = api.create()
    upload = api.world.records.upload(api.world.caller.tenant_id, made["upload_id"])
    assert upload is not None
    api.world.put_parts(upload)
    checksum = api.world.objects.whole_checksum(upload.multipart_id).model_dump()
    api("POST", f"/v1/uploads/{upload.id}/complete")
    body = {"size_bytes": 20 * MIB, "checksum": checksum, "on_duplicate": "return_existing"}
    first = api("POST", "/v1/uploads", body, **{"Idempotency-Key": "k"})
    again = api("POST", "/v1/uploads", body, **{"Idempotency-Key": "k"})
    assert (first[0], first[1]["upload_id"]) == (200, upload.id)
    assert again[1] == first[1] and again[2]["Idempotent-Replayed"] == "true"


def test_parts_are_signed_listed_and_completed(api: Api) -> None:
    made = api.create()
    path = f"/v1/uploads/{made['upload_id']}"
    status, signed, _ = api("POST", f"{path}/parts", {"part_numbers": [1, 2, 3]})
    assert status == 200
    assert [part["content_length"] for part in signed["data"]] == [8 * MIB, 8 * MIB, 4 * MIB]
    upload = api.world.records.upload(api.world.caller.tenant_id, made["upload_id"])
    assert upload is not None
    api.world.put_parts(upload)
    stored = api("GET", f"{path}/parts")[1]["data"]
    assert [(part["part_number"], part["size_bytes"]) for part in stored] == [(1, 8 * MIB), (2, 8 * MIB), (3, 4 * MIB)]
    status, complete, headers = api("POST", f"{path}/complete")
    assert (status, complete["state"], headers["Location"]) == (200, "complete", path)
    assert api.world.asset_of(upload).state is AssetState.UPLOADED
    assert api("POST", f"{path}/complete")[0] == 200


def test_a_slow_completion_is_accepted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_routes.time, "sleep", lambda _: None)
    made = api.create()
    status, body, headers = api("POST", f"/v1/uploads/{made['upload_id']}/complete")
    assert (status, body["state"]) == (202, "completing")
    assert headers["Location"] == f"/v1/uploads/{made['upload_id']}"


def test_what_expired_while_it_was_being_completed_was_not_joined(api: Api) -> None:
    made = api.create(upload_ttl_s=60)
    upload = api.world.records.upload(api.world.caller.tenant_id, made["upload_id"])
    assert upload is not None
    api.world.request_completion(upload)  # without its parts
    api.world.now.tick(seconds=61)
    status, problem, _ = api("POST", f"/v1/uploads/{upload.id}/complete")
    assert (status, problem["code"]) == (409, "upload_expired")


def test_what_failed_while_it_was_being_completed_says_why(api: Api) -> None:
    made = api.create()
    upload = api.world.records.upload(api.world.caller.tenant_id, made["upload_id"])
    assert upload is not None
    api.world.put_parts(upload)
    api.world.objects.abort_multipart(upload.key, upload.multipart_id)  # behind our back
    status, problem, _ = api("POST", f"/v1/uploads/{upload.id}/complete")
    assert (status, problem["code"]) == (409, "upload_closed")


def test_completing_without_the_parts_says_which_is_missing(api: Api) -> None:
    made = api.create()
    status, problem, _ = api("POST", f"/v1/uploads/{made['upload_id']}/complete")
    assert (status, problem["code"]) == (409, "upload_incomplete") and "Part 1" in problem["detail"]
    assert api("GET", f"/v1/uploads/{made['upload_id']}")[1]["error"]["code"] == "upload_incomplete"


def test_an_aborted_upload_is_gone_for_good(api: Api) -> None:
    path = f"/v1/uploads/{api.create()['upload_id']}"
    assert api("DELETE", path)[0] == 204
    assert api("DELETE", path)[0] == 204
    assert api("POST", f"{path}/complete")[1]["code"] == "upload_closed"


@pytest.mark.parametrize("upload_id", ["upl_" + "0" * 26, "nonsense", "ast_" + "0" * 26])
def test_an_unknown_upload_is_not_found(api: Api, upload_id: str) -> None:
    calls = [
        ("GET", "", None),
        ("POST", "/parts", {"part_numbers": [1]}),
        ("GET", "/parts", None),
        ("DELETE", "", None),
    ]
    for method, suffix, body in [*calls, ("POST", "/complete", None)]:
        status, problem, _ = api(method, f"/v1/uploads/{upload_id}{suffix}", body)
        assert (status, problem["code"]) == (404, "upload_not_found")
