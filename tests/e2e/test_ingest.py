"""Assets from URLs, over the deployed stacks: a task of ours fetches from servers on loopback."""

import hashlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo.api import Api, ApiFailed
from infra.local.deploy import INGEST_BUCKET
from tests.contract.receiver import Receiver, read_request
from tests.contract.sources import ETAG, Talk, head, saying, serving
from tests.e2e.customer import SCOPES, Customer, states
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

MIB = 1 << 20
PART = 8 * MIB
LARGE = random.Random(3).randbytes(3 * PART)  # noqa: S311  # test data


@pytest.fixture
def importer(customer: Customer, stacks: Stacks) -> Customer:
    """A customer whose key may create assets."""
    key = stacks.operator.create_key(customer.tenant_id, [*SCOPES, "assets:write"])["key"]
    customer.api = Api(stacks.outputs["ApiUrl"], key)
    return customer


@pytest.fixture
def ingest_bucket(stacks: Stacks) -> Iterator[Any]:
    s3 = stacks.engine.client("s3")
    s3.create_bucket(Bucket=INGEST_BUCKET)
    yield s3
    for found in s3.list_objects_v2(Bucket=INGEST_BUCKET).get("Contents", []):
        s3.delete_object(Bucket=INGEST_BUCKET, Key=found["Key"])
    s3.delete_bucket(Bucket=INGEST_BUCKET)


def address(receiver: Receiver, path: str = "/film.mp4") -> str:
    return f"http://127.0.0.1:{receiver.port}{path}"


def create(importer: Customer, url: str, **fields: object) -> dict[str, Any]:
    return dict(importer.api.call("POST", "/v1/assets", {"input": {"url": url}, **fields}))


def upload_of(importer: Customer, asset: dict[str, Any]) -> dict[str, Any]:
    return dict(importer.api.call("GET", f"/v1/uploads/{asset['upload_id']}"))


def settled(importer: Customer, asset: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        upload = upload_of(importer, asset)
        return None if upload["state"] in ("open", "completing") else upload

    return eventually(look, f"the end of {asset['upload_id']}", every_s=0.5)


def key_of(importer: Customer, asset: dict[str, Any]) -> str:
    return f"uploads/{importer.tenant_id}/{asset['upload_id']}"


def digest(stacks: Stacks, importer: Customer, asset: dict[str, Any]) -> str:
    key = key_of(importer, asset)
    body = stacks.engine.client("s3").get_object(Bucket=stacks.outputs["UploadsBucket"], Key=key)["Body"].read()
    return hashlib.sha256(body).hexdigest()


def assert_nothing_stored(stacks: Stacks, importer: Customer, asset: dict[str, Any]) -> None:
    key = key_of(importer, asset)
    assert stacks.open_multipart_uploads(key) == [] and stacks.stored("UploadsBucket", key) == []


def slowing(body: bytes, at: int) -> Talk:
    """Has ranges. The first connection brings `at` bytes at once and the rest at 400 KB a second."""
    later = serving(body)

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        if receiver.requests:
            return later(receiver, connection)
        receiver.requests.append(read_request(connection))
        connection.sendall(head(f"Content-Length: {len(body)}", f"ETag: {ETAG}") + body[:at])
        for first in range(at, len(body), 40_000):
            if receiver.over.wait(0.1):
                return None
            connection.sendall(body[first : first + 40_000])
        return None

    return talk


def test_a_film_whose_connection_breaks_becomes_ready(
    importer: Customer, stacks: Stacks, clips: dict[str, Path]
) -> None:
    source = clips["film"].read_bytes()
    cut = len(source) // 2
    with Receiver(serving(source, cut_at=[cut])) as receiver:
        asset = create(importer, address(receiver), title="Fetched")
        assert (asset["state"], asset["title"]) == ("created", "Fetched")
        history = importer.history(asset)
    assert states(history) == ["created", "ingesting", "uploaded", "processing", "ready"]
    assert [one.headers.get("range") for one in receiver.requests] == [None, f"bytes={cut}-"]
    assert digest(stacks, importer, asset) == hashlib.sha256(source).hexdigest()
    upload = upload_of(importer, asset)
    assert (upload["state"], upload["size_bytes"], upload["content_type"]) == ("complete", len(source), "video/mp4")
    assert upload["progress"] == {"bytes": len(source), "total": len(source)}


def test_a_redirect_to_a_private_address_fails_the_asset(importer: Customer, stacks: Stacks) -> None:
    location = "Location: http://169.254.169.254/latest/meta-data"
    with Receiver(saying(head(location, "Content-Length: 0", status="302 Found"))) as receiver:
        asset = create(importer, address(receiver))
        history = importer.history(asset)
    assert states(history) == ["created", "ingesting", "failed"]
    told = history[-1].event["data"]["error"]
    assert (told["code"], told["class"], told["retryable"]) == ("url_not_allowed", "input", False)
    assert upload_of(importer, asset)["error"]["code"] == "url_not_allowed"
    assert_nothing_stored(stacks, importer, asset)


def test_of_a_batch_only_the_bad_one_is_refused(importer: Customer, clips: dict[str, Path]) -> None:
    source = clips["short"].read_bytes()
    with Receiver(serving(source)) as receiver:
        urls = [address(receiver, "/1"), "http://10.0.0.1/2", address(receiver, "/3")]
        wanted = [{"input": {"url": url}, "transcode": "none"} for url in urls]
        results = importer.api.call("POST", "/v1/assets:batch", {"assets": wanted})["data"]
        assert [one["status"] for one in results] == [201, 422, 201]
        assert results[1]["error"]["code"] == "url_not_allowed"
        uploads = [settled(importer, results[index]["asset"]) for index in (0, 2)]
    assert [(one["state"], one["size_bytes"]) for one in uploads] == [("complete", len(source))] * 2


def test_a_source_that_is_not_there_fails_the_asset(importer: Customer, stacks: Stacks) -> None:
    with Receiver(saying(head("Content-Length: 0", status="404 Not Found"))) as receiver:
        asset = create(importer, address(receiver))
        upload = settled(importer, asset)
    assert (upload["state"], upload["error"]["code"]) == ("failed", "source_refused")
    assert_nothing_stored(stacks, importer, asset)


def test_a_fetch_that_is_given_up_ends(importer: Customer, stacks: Stacks) -> None:
    with Receiver(slowing(LARGE, PART + 1)) as receiver:
        asset = create(importer, address(receiver), transcode="none")
        eventually(lambda: (upload_of(importer, asset)["progress"] or {}).get("bytes"), "some progress")
        assert importer.api.request("DELETE", f"/v1/uploads/{asset['upload_id']}").status == 204
        assert receiver.hung_up.wait(60), "the task goes on reading"
        [task] = stacks.tasks(asset["upload_id"])
        stopped = eventually(lambda: stacks.stopped_task(task["taskArn"]), "the task's end")
    assert [container["exitCode"] for container in stopped["containers"]] == [0]
    assert upload_of(importer, asset)["state"] == "aborted"
    assert_nothing_stored(stacks, importer, asset)
    assert importer.api.call("GET", "/v1/assets")["data"] == []


def test_a_killed_task_is_followed_by_one_that_goes_on(importer: Customer, stacks: Stacks) -> None:
    def stored_parts() -> list[int]:
        s3, bucket, key = stacks.engine.client("s3"), stacks.outputs["UploadsBucket"], key_of(importer, asset)
        opened = s3.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", [])
        found = [s3.list_parts(Bucket=bucket, Key=key, UploadId=one["UploadId"]).get("Parts", []) for one in opened]
        return [part["PartNumber"] for parts in found for part in parts]

    with Receiver(slowing(LARGE, PART + 1)) as receiver:
        asset = create(importer, address(receiver), transcode="none")
        eventually(lambda: stored_parts() == [1], "the first part")
        task = eventually(lambda: stacks.running_task(asset["upload_id"], 1), "the task")
        task.kill()
        upload = settled(importer, asset)
    assert upload["state"] == "complete"
    assert [one.headers.get("range") for one in receiver.requests] == [None, f"bytes={PART}-"]
    assert digest(stacks, importer, asset) == hashlib.sha256(LARGE).hexdigest()


def test_an_object_of_a_named_bucket_is_copied(importer: Customer, stacks: Stacks, ingest_bucket: Any) -> None:
    key = "2026/a film?#1.mp4"
    ingest_bucket.put_object(Bucket=INGEST_BUCKET, Key=key, Body=LARGE, ContentType="video/mp4")
    asset = create(importer, f"s3://{INGEST_BUCKET}/{key}", transcode="none")
    upload = settled(importer, asset)
    assert (upload["state"], upload["size_bytes"], upload["content_type"]) == ("complete", len(LARGE), "video/mp4")
    assert digest(stacks, importer, asset) == hashlib.sha256(LARGE).hexdigest()


def test_an_object_that_is_not_there_fails_the_asset(importer: Customer, ingest_bucket: Any) -> None:
    asset = create(importer, f"s3://{INGEST_BUCKET}/nothing.mp4")
    upload = settled(importer, asset)
    assert (upload["state"], upload["error"]["code"]) == ("failed", "source_refused")


def test_other_buckets_cannot_be_named(importer: Customer, stacks: Stacks) -> None:
    for bucket in (stacks.outputs["UploadsBucket"], stacks.outputs["MediaBucket"]):
        with pytest.raises(ApiFailed, match="422"):
            create(importer, f"s3://{bucket}/uploads/ten/upl")
