"""S3 delivers its events at least once."""

import json
from pathlib import Path

import pytest

from tests.e2e.customer import Customer, Slot, types
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def object_created(stacks: Stacks, customer: Customer, slot: Slot) -> str:
    """As EventBridge hands it to the queue."""
    detail = {
        "version": "0",
        "bucket": {"name": stacks.outputs["UploadsBucket"]},
        "object": {"key": f"uploads/{customer.tenant_id}/{slot['upload_id']}", "size": slot["size_bytes"]},
        "reason": "CompleteMultipartUpload",
    }
    return json.dumps({"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def tell(stacks: Stacks, message: str, times: int) -> None:
    queue = stacks.queue_of("on_object_created")
    for _ in range(times):
        stacks.engine.client("sqs").send_message(QueueUrl=queue, MessageBody=message)


def test_one_job_and_one_execution(customer: Customer, stacks: Stacks, clips: dict[str, Path]) -> None:
    """The event comes with the message of S3 itself, again at once, and again when all is done."""
    slot = customer.upload(clips["short"])
    message = object_created(stacks, customer, slot)
    tell(stacks, message, 2)
    history = customer.history(slot)
    assert history[-1].event["data"]["state"] == "ready"
    tell(stacks, message, 2)
    queue = stacks.queue_of("on_object_created")
    eventually(lambda: stacks.waiting_messages(queue) == 0, "an empty queue")
    jobs = stacks.jobs_of(customer.tenant_id, slot["asset_id"])
    assert [(job.id, job.state, job.attempt) for job in jobs] == [(customer.asset(slot)["job_id"], "succeeded", 1)]
    assert [one["name"] for one in stacks.executions(slot["asset_id"])] == [jobs[0].id]
    assert len(stacks.tasks(jobs[0].id)) == 1
    told = types(customer.history(slot))
    assert [told.count(name) for name in ("upload.complete", "transcode.started", "transcode.ready")] == [1, 1, 1]
    asset = stacks.records.asset(customer.tenant_id, slot["asset_id"])
    assert asset is not None and asset.sequence == len(history)


def test_an_object_that_nobody_reserved_starts_nothing(customer: Customer, stacks: Stacks) -> None:
    unknown = {"upload_id": f"upl_{'0' * 26}", "size_bytes": 1}
    tell(stacks, object_created(stacks, customer, unknown), 1)
    queue = stacks.queue_of("on_object_created")
    eventually(lambda: stacks.waiting_messages(queue) == 0, "an empty queue")
    assert customer.api.call("GET", "/v1/assets")["data"] == []
