"""Typed calls, typed errors, and what is repeated how."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice_client import (
    ApiError,
    ConnectionFailed,
    Retries,
    SluiceClient,
    UnexpectedAnswer,
    UploadFailed,
    WaitedTooLong,
)
from sluice_client.models import as_json
from sluice_client.retries import retry_after_s
from tests.client.cloud import KEY, Cloud
from tests.client.server import Fault
from tests.client.slot import Slot
from tests.client.views import FAILURE, asset_view, job_view, session_view, upload_view

CREATE, ASSET = "POST /v1/uploads$", "GET /v1/assets/ast_1"


def test_answers_come_back_whole(client: SluiceClient) -> None:
    created = client.create_upload(100_000, title="x")
    assert as_json(created) == upload_view(Slot("upl_1", {"size_bytes": 100_000}, 64 * 1024))
    assert as_json(client.get_job("job_1")) == job_view("job_1")
    assert as_json(client.create_playback_session("plb_1")) == session_view("plb_1")
    asset = client.get_asset("ast_1")
    assert as_json(asset) | {"something_new": 1} == asset_view("ast_1")
    assert asset.created_at == datetime(2026, 12, 1, 10, 5, 0, 123000, tzinfo=UTC)


def test_a_failed_asset_says_why(client: SluiceClient, cloud: Cloud) -> None:
    cloud.asset_states = ["uploaded", "processing", "failed"]
    seen: list[str] = []
    asset = client.wait_for_asset("ast_1", on_look=lambda one: seen.append(one.state))
    assert seen == ["uploaded", "processing", "failed"]
    assert asset.error is not None
    assert (asset.error.code, asset.error.kind) == ("input.not_video", "input")


def test_lists_follow_their_cursors(client: SluiceClient, cloud: Cloud) -> None:
    assets = client.list_assets()
    assert cloud.seen == []
    assert [one.asset_id for one in assets] == [f"ast_{number}" for number in range(250)]
    assert cloud.count("GET /v1/assets") == 3


def test_signing_goes_in_pages_of_what_the_api_takes(client: SluiceClient, cloud: Cloud) -> None:
    upload = client.create_upload(1001 * cloud.part_size)
    signed = client.sign_parts(upload.upload_id, range(1, 1002))
    assert [part.part_number for part in signed] == list(range(1, 1002))
    assert cloud.count("POST .*/parts") == 2


def test_a_refusal_is_typed(client: SluiceClient, cloud: Cloud) -> None:
    with pytest.raises(ApiError) as refused:
        client.get_upload("upl_unknown")
    error = refused.value
    assert (error.status, error.code, error.detail) == (404, "upload_not_found", "about upload_not_found")
    assert (error.request_id, error.retryable) == ("req-1", False)
    assert len(cloud.seen) == 1


def test_a_gateway_s_own_answer_is_an_error_too(client: SluiceClient, cloud: Cloud) -> None:
    cloud.faults = [Fault(ASSET, status=413, body=b'{"message": "Request Too Long"}')]
    with pytest.raises(ApiError) as refused:
        client.get_asset("ast_1")
    assert (refused.value.code, refused.value.detail) == ("http_413", "Request Too Long")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_what_may_pass_is_repeated(client: SluiceClient, cloud: Cloud, pauses: list[float], status: int) -> None:
    cloud.faults = [Fault(ASSET, status=status, times=3)]
    assert client.get_asset("ast_1").state == "ready"
    assert len(pauses) == 3


def test_a_conflict_that_is_marked_retryable_is_repeated(client: SluiceClient, cloud: Cloud) -> None:
    body = b'{"code": "write_conflict", "retryable": true}'
    cloud.faults = [Fault(ASSET, status=409, body=body, headers={"Content-Type": "application/problem+json"})]
    assert client.get_asset("ast_1").state == "ready"


def test_retry_after_is_waited_for(client: SluiceClient, cloud: Cloud, pauses: list[float]) -> None:
    cloud.faults = [Fault(ASSET, status=429, headers={"Retry-After": "7"})]
    client.get_asset("ast_1")
    assert len(pauses) == 1
    assert 7.0 <= pauses[0] <= 7.1


def test_an_hour_is_not_waited_for(client: SluiceClient, cloud: Cloud, pauses: list[float]) -> None:
    cloud.faults = [Fault(ASSET, status=503, headers={"Retry-After": "3600"})]
    with pytest.raises(ApiError, match="503"):
        client.get_asset("ast_1")
    assert pauses == []


def test_repeating_ends(client: SluiceClient, cloud: Cloud) -> None:
    cloud.faults = [Fault(ASSET, times=100)]
    with pytest.raises(ApiError) as refused:
        client.get_asset("ast_1")
    assert len(cloud.seen) == client.retries.attempts
    assert not refused.value.transient


def test_nobody_listening_is_a_typed_error_without_the_path(pauses: list[float]) -> None:
    with Cloud() as gone:
        url = gone.url
    with (
        SluiceClient(url, KEY, retries=Retries(attempts=3, pause=pauses.append)) as client,
        pytest.raises(ConnectionFailed) as failed,
    ):
        client.get_asset("ast_1")
    assert len(pauses) == 2
    assert "ast_1" not in str(failed.value)


@pytest.mark.parametrize("do", ["drop_unanswered", "drop_in_body"])
def test_a_creation_whose_answer_is_lost_makes_one_upload(client: SluiceClient, cloud: Cloud, do: Any) -> None:
    cloud.faults = [Fault(CREATE, do=do)]
    upload = client.create_upload(10, title="once")
    assert cloud.count(CREATE) == 2
    assert upload.upload_id == cloud.only.upload_id
    assert len({one.headers["idempotency-key"] for one in cloud.seen}) == 1
    client.create_upload(10, title="once")
    assert len(cloud.slots) == 2


@pytest.mark.parametrize("body", [b"<html>welcome to our hotel</html>", b"[]", b'{"asset_id": 1}'])
def test_another_server_s_answer_is_an_error(client: SluiceClient, cloud: Cloud, body: bytes) -> None:
    cloud.faults = [Fault(ASSET, status=200, body=body)]
    with pytest.raises(UnexpectedAnswer):
        client.get_asset("ast_1")


def test_redirects_are_not_followed(client: SluiceClient, cloud: Cloud) -> None:
    cloud.faults = [Fault(ASSET, status=307, headers={"Location": f"{cloud.url}/v1/assets/ast_2"})]
    with pytest.raises(ApiError, match="307"):
        client.get_asset("ast_1")
    assert len(cloud.seen) == 1


@pytest.mark.parametrize("place", ["https://elsewhere.example/v1/uploads/upl_1", "//elsewhere.example/x", "x"])
def test_a_key_does_not_follow_a_location_elsewhere(client: SluiceClient, cloud: Cloud, place: str) -> None:
    body = upload_view(Slot("upl_1", {"size_bytes": 1}, 1, state="completing"))
    upload_id = client.create_upload(1).upload_id
    cloud.only.state = "complete"
    cloud.faults = [Fault("complete$", status=202, headers={"Location": place}, body=json.dumps(body).encode())]
    assert client.complete_upload(upload_id).state == "complete"
    assert cloud.seen[-1].line == "GET /v1/uploads/upl_1"


def test_an_upload_that_fails_to_join_says_why(client: SluiceClient, cloud: Cloud) -> None:
    failed = upload_view(Slot("upl_1", {"size_bytes": 1}, 1, state="failed")) | {"error": FAILURE}
    cloud.faults = [Fault("complete$", status=200, body=json.dumps(failed).encode())]
    with pytest.raises(UploadFailed, match="input.not_video"):
        client.complete_upload("upl_1")


def test_waiting_ends(client: SluiceClient, cloud: Cloud) -> None:
    cloud.asset_states = ["processing"]
    with pytest.raises(WaitedTooLong, match="ast_1"):
        client.wait_for_asset("ast_1", timeout_s=0)


@pytest.mark.parametrize(
    "url", ["http://api.example", "ftp://127.0.0.1", "api.example", "", "https://u:p@api.example", "http://10.0.0.1"]
)
def test_a_key_goes_nowhere_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        SluiceClient(url or "https://", KEY)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://api.example/"])
def test_these_urls_are_fine(url: str) -> None:
    assert SluiceClient(url, KEY).base_url == url.rstrip("/")


def test_jitter_is_full_and_grows_to_a_limit() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    policy = Retries(attempts=9, first_s=0.5, longest_s=8.0, draw=draw)
    delays = [policy.delay_s(failed, ConnectionFailed()) for failed in range(1, 10)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, None]
    assert {low for low, _ in drawn} == {0.0}


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 12, 1, 10, 0, 0, tzinfo=UTC)
    assert retry_after_s("3") == 3.0
    assert retry_after_s("Tue, 01 Dec 2026 10:00:30 GMT", now) == 30.0
    assert retry_after_s("Tue, 01 Dec 2026 09:00:00 GMT", now) == 0.0
    assert [retry_after_s(one) for one in (None, "", "soon", "-1")] == [None] * 4
