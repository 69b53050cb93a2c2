"""kill -9 of the transcoder's whole process group, as an exhausted machine or a lost host would do it."""

from pathlib import Path

import pytest

from infra.local.processes import start_time
from tests.e2e.customer import Customer, states, types
from tests.e2e.stacks import RunningTask, Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def kill_attempt(customer: Customer, stacks: Stacks, job_id: str, number: int) -> None:
    """While it encodes; returns when ECS has seen its end and the encoder is gone too."""

    def at_work() -> tuple[RunningTask, int] | None:
        job = customer.job(job_id)
        assert job["state"] in ("queued", "running"), job
        task = stacks.running_task(job_id, number)
        encoder = task and task.encoder()
        return (task, encoder) if task and encoder else None

    task, encoder = eventually(at_work, f"attempt {number} at work")
    task.kill()
    stopped = eventually(lambda: stacks.stopped_task(task.arn), f"the end of attempt {number}")
    assert [container["exitCode"] for container in stopped["containers"]] == [137]
    eventually(lambda: start_time(encoder) is None, "the end of its encoder")


def test_a_killed_attempt_is_repeated_and_publishes_one_version(
    customer: Customer, stacks: Stacks, clips: dict[str, Path]
) -> None:
    slot = customer.upload(clips["long"])
    job_id = customer.job_id(slot)
    kill_attempt(customer, stacks, job_id, 1)
    history = customer.history(slot)
    assert states(history) == ["created", "ingesting", "uploaded", "processing", "ready"]
    told = types(history)
    assert [told.count(n) for n in ("transcode.started", "transcode.ready", "error.processing")] == [1, 1, 0]
    asset, job = customer.asset(slot), customer.job(job_id)
    assert (job["state"], job["attempt"], job["error"], asset["error"]) == ("succeeded", 2, None, None)
    versions = stacks.versions(customer.tenant_id, slot["asset_id"])
    assert [(version.id, version.attempt) for version in versions] == [(asset["active_version"], 2)]
    assert len(stacks.tasks(job_id)) == 2
    [execution] = stacks.executions(slot["asset_id"])
    assert eventually(lambda: stacks.end_of(execution["executionArn"]), "its end") == "SUCCEEDED"


def test_when_every_attempt_is_killed_the_asset_fails(
    customer: Customer, stacks: Stacks, clips: dict[str, Path]
) -> None:
    slot = customer.upload(clips["long"])
    job_id = customer.job_id(slot)
    for number in (1, 2, 3):
        kill_attempt(customer, stacks, job_id, number)
    history = customer.history(slot)
    assert states(history) == ["created", "ingesting", "uploaded", "processing", "failed"]
    assert [types(history).count(name) for name in ("transcode.started", "error.processing")] == [1, 1]
    told = history[-1].event["data"]["error"]
    assert (told["class"], told["code"]) == ("provider", "provider.killed")
    asset, job = customer.asset(slot), customer.job(job_id)
    assert (asset["error"], job["error"]) == (told, told)
    assert (job["state"], job["attempt"], job["capacity"]) == ("failed", 3, "FARGATE")
    tasks = stacks.tasks(job_id)
    assert [task["capacityProviderName"] for task in tasks] == ["FARGATE_SPOT", "FARGATE_SPOT", "FARGATE"]
    assert stacks.versions(customer.tenant_id, slot["asset_id"]) == []
    [execution] = stacks.executions(slot["asset_id"])
    assert eventually(lambda: stacks.end_of(execution["executionArn"]), "its end") == "FAILED"
