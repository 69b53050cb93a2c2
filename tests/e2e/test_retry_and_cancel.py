"""A transcode that failed is asked for again, and one that runs is cancelled: its processes end with it."""

from pathlib import Path

import pytest

from infra.local.demo.api import Api
from infra.local.processes import start_time
from tests.e2e.customer import SCOPES, Customer
from tests.e2e.stacks import RunningTask, Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def editor(customer: Customer, stacks: Stacks) -> Customer:
    """A customer whose key may change assets."""
    key = stacks.operator.create_key(customer.tenant_id, [*SCOPES, "assets:write"])["key"]
    customer.api = Api(stacks.outputs["ApiUrl"], key)
    return customer


def encoding(customer: Customer, stacks: Stacks, job_id: str) -> tuple[RunningTask, int]:
    """The first attempt of a job, and the pid of its encoder, once that is at work."""

    def at_work() -> tuple[RunningTask, int] | None:
        job = customer.job(job_id)
        assert job["state"] in ("queued", "running"), job
        task = stacks.running_task(job_id, 1)
        encoder = task and task.encoder()
        return (task, encoder) if task and encoder else None

    return eventually(at_work, f"the encoder of {job_id}")


def test_a_running_transcode_is_cancelled_and_asked_for_again(
    editor: Customer, stacks: Stacks, clips: dict[str, Path]
) -> None:
    slot = editor.upload(clips["long"])
    job_id = editor.job_id(slot)
    task, encoder = encoding(editor, stacks, job_id)
    refused = editor.api.request("POST", f"/v1/assets/{slot['asset_id']}/retry")
    assert (refused.status, refused.json()["code"]) == (409, "job_active")

    cancelled = editor.api.call("POST", f"/v1/jobs/{job_id}/cancel")
    assert (cancelled["state"], cancelled["error"]["code"]) == ("cancelled", "job.cancelled")
    stopped = eventually(lambda: stacks.stopped_task(task.arn), "the end of its task")
    assert [container["exitCode"] for container in stopped["containers"]] in ([143], [20])  # the signal, or it noticed
    eventually(lambda: start_time(encoder) is None, "the end of its encoder")
    [execution] = stacks.executions(slot["asset_id"])
    assert eventually(lambda: stacks.end_of(execution["executionArn"]), "its end") == "ABORTED"
    assert stacks.versions(editor.tenant_id, slot["asset_id"]) == []
    asset = editor.asset(slot)
    assert (asset["state"], asset["error"]["code"]) == ("failed", "job.cancelled")
    assert editor.api.call("POST", f"/v1/jobs/{job_id}/cancel")["state"] == "cancelled"

    again = editor.api.call("POST", f"/v1/assets/{slot['asset_id']}/retry")
    ready = eventually(lambda: done if (done := editor.asset(slot))["state"] == "ready" else None, "a ready asset")
    assert (ready["job_id"], ready["playable"], ready["error"]) == (again["job_id"], True, None)
    [version] = stacks.versions(editor.tenant_id, slot["asset_id"])
    assert (version.id, version.job_id) == (ready["active_version"], again["job_id"])
    listed = editor.api.call("GET", f"/v1/jobs?asset_id={slot['asset_id']}")["data"]
    assert [(job["job_id"], job["state"]) for job in listed] == [(again["job_id"], "succeeded"), (job_id, "cancelled")]
    assert listed[0]["queue_wait_s"] > 0
    assert [job["job_id"] for job in editor.api.call("GET", "/v1/jobs?state=cancelled")["data"]] == [job_id]


def test_a_bad_file_may_be_tried_again_and_is_refused_again(editor: Customer, stacks: Stacks, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("This is not a film.\n" * 1000)
    slot = editor.upload(text)
    first = editor.job_id(slot)
    failed = eventually(lambda: done if (done := editor.asset(slot))["state"] == "failed" else None, "the failure")
    assert failed["error"]["class"] == "input"
    again = editor.api.call("POST", f"/v1/assets/{slot['asset_id']}/retry")
    assert again["job_id"] != first
    job = eventually(lambda: done if (done := editor.job(again["job_id"]))["state"] == "failed" else None, "its end")
    after = editor.asset(slot)
    assert (after["state"], after["error"], job["error"]) == ("failed", failed["error"], failed["error"])
    [asked, *_] = editor.api.call("GET", f"/v1/assets/{slot['asset_id']}/timeline?kinds=audit")["data"]
    assert (asked["audit"]["action"], asked["audit"]["job_id"]) == ("asset.retry", again["job_id"])
    key = stacks.records.api_key(asked["audit"]["actor"])
    assert key is not None and key.tenant_id == editor.tenant_id and "assets:write" in key.scopes
    assert len(stacks.tasks(first)) == len(stacks.tasks(again["job_id"])) == 1
