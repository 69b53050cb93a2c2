"""Uploads that go wrong on the way, and those that are given up."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sluice.adapters.items import to_item
from tests.e2e.customer import Customer, types
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

TWO_PARTS = 8 * 1024 * 1024 + 5


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts of something."""
    path = tmp_path_factory.mktemp("large") / "large.bin"
    path.write_bytes(b"\x01" * TWO_PARTS)
    return path


def part_numbers(customer: Customer, upload_id: str) -> list[int]:
    return [part["part_number"] for part in customer.api.call("GET", f"/v1/uploads/{upload_id}/parts")["data"]]


@pytest.mark.parametrize("difference", [-1, 1])
def test_s3_refuses_a_part_of_another_size(customer: Customer, large: Path, difference: int) -> None:
    slot = customer.reserve(large)
    first, second = customer.sign(slot, [1, 2])
    assert (first["content_length"], second["content_length"]) == (slot["part_size"], 5)
    wrong = b"\x01" * (second["content_length"] + difference)
    assert customer.http.request("PUT", second["url"], body=wrong).status == 403
    assert part_numbers(customer, slot["upload_id"]) == []


def test_a_part_that_is_missing_can_be_put_later(customer: Customer, large: Path) -> None:
    slot = customer.reserve(large)
    customer.put_parts(slot, large, [2])
    refused = customer.complete(slot)
    assert (refused.status, json.loads(refused.data)["code"]) == (409, "upload_incomplete")
    assert "Part 1" in json.loads(refused.data)["detail"]
    assert customer.asset(slot)["state"] == "ingesting"
    assert part_numbers(customer, slot["upload_id"]) == [2]
    customer.put_parts(slot, large, [1])
    assert customer.complete(slot).status in (200, 202)
    job = customer.job(customer.job_id(slot))
    assert job["asset_id"] == slot["asset_id"]


def test_completion_can_be_repeated(customer: Customer, clips: dict[str, Path]) -> None:
    slot = customer.upload(clips["short"])
    assert [customer.complete(slot).status for _ in range(3)] == [200, 200, 200]
    assert types(customer.history(slot)).count("upload.complete") == 1


def test_an_aborted_upload_is_gone(customer: Customer, large: Path, stacks: Stacks) -> None:
    slot = customer.reserve(large)
    key = f"uploads/{customer.tenant_id}/{slot['upload_id']}"
    customer.put_parts(slot, large, [2])
    assert stacks.open_multipart_uploads(key) == [key]
    path = f"/v1/uploads/{slot['upload_id']}"
    late_url = customer.sign(slot, [2])[0]["url"]
    assert customer.api.request("DELETE", path).status == 204
    assert customer.api.request("DELETE", path).status == 204
    assert customer.http.request("PUT", late_url, body=b"\x01" * 5).status == 404
    refused = customer.complete(slot)
    assert (refused.status, json.loads(refused.data)["code"]) == (409, "upload_closed")
    assert customer.api.call("GET", path)["state"] == "aborted"
    assert customer.api.call("GET", "/v1/assets")["data"] == []
    assert customer.history(slot)[-1].type == "upload.aborted"
    assert stacks.open_multipart_uploads(key) == []


def test_a_part_url_opens_its_own_part_only(customer: Customer, large: Path, stacks: Stacks) -> None:
    slot = customer.reserve(large)
    url = customer.sign(slot, [2])[0]["url"]
    assert customer.http.request("PUT", url.replace("partNumber=2", "partNumber=1"), body=b"\x01" * 5).status == 403
    assert customer.http.request("GET", url).status == 403
    with pytest.raises(ClientError, match="404"):
        key = f"uploads/{customer.tenant_id}/{slot['upload_id']}"
        stacks.engine.client("s3").head_object(Bucket=stacks.outputs["UploadsBucket"], Key=key)


def test_an_idempotency_key_makes_one_upload(customer: Customer) -> None:
    headers = {"Idempotency-Key": "holiday-film"}
    body = {"size_bytes": 1000}
    first, second = (customer.api.request("POST", "/v1/uploads", body, headers) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert json.loads(first.data) == json.loads(second.data)
    assert second.headers["Idempotent-Replayed"] == "true"
    other = customer.api.request("POST", "/v1/uploads", {"size_bytes": 1001}, headers)
    assert (other.status, json.loads(other.data)["code"]) == (422, "idempotency_key_reused")
    assert len(customer.api.call("GET", "/v1/assets")["data"]) == 1


def test_an_upload_past_its_end_is_swept_away(customer: Customer, large: Path, stacks: Stacks) -> None:
    """A day passes by setting its end back."""
    slot = customer.reserve(large)
    upload = stacks.records.upload(customer.tenant_id, slot["upload_id"])
    assert upload is not None
    ended = upload.model_copy(update={"expires_at": upload.created_at})
    stacks.engine.client("dynamodb").put_item(TableName=stacks.outputs["TableName"], Item=to_item(ended))
    late = customer.complete(slot)
    assert (late.status, json.loads(late.data)["code"]) == (409, "upload_expired")
    stacks.invoke("reconcile")
    path = f"/v1/uploads/{slot['upload_id']}"
    eventually(lambda: customer.api.call("GET", path)["state"] == "expired", "the sweep")
    assert customer.history(slot)[-1].type == "upload.expired"
