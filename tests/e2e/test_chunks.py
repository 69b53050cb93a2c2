"""A long video in parts on the embedded engine: one task of them is killed, and only its part is done again."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.customer import Customer, states, types
from tests.e2e.stacks import RunningTask, Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def words(task: dict[str, Any]) -> list[str]:
    return list(task["overrides"]["containerOverrides"][0]["command"])


def encoding(stacks: Stacks, job_id: str) -> tuple[RunningTask, str] | None:
    """A task whose chunk is being encoded, and that chunk's name."""
    for task in stacks.tasks(job_id):
        command = words(task)
        if command[0] == "chunk" and "audio" not in command and task["lastStatus"] == "RUNNING":
            running = stacks.process_of(task)
            if running and running.stop_encoder():  # else it might be done before it is killed
                return running, command[command.index("--part") + 1]
    return None


def test_a_killed_chunk_alone_is_done_again(customer: Customer, stacks: Stacks, clips: dict[str, Path]) -> None:
    slot = customer.upload(clips["longer"])
    job_id = customer.job_id(slot)
    task, part = eventually(lambda: encoding(stacks, job_id), "a chunk at work")
    task.kill()
    history = customer.history(slot)
    assert states(history) == ["created", "ingesting", "uploaded", "processing", "ready"]
    assert [types(history).count(n) for n in ("transcode.started", "transcode.ready")] == [1, 1]
    commands = [words(one) for one in stacks.tasks(job_id)]
    assert Counter(command[0] for command in commands) == {"transcode": 1, "chunk": 6, "assemble": 1}
    runs = Counter(command[command.index("--part") + 1] for command in commands if "--part" in command)
    assert runs == Counter(["audio", "0", "1", "2", "3", part])
    asset = customer.asset(slot)
    [version] = stacks.versions(customer.tenant_id, slot["asset_id"])
    assert (version.id, version.frames) == (asset["active_version"], 42 * 25)
    assert customer.job(job_id)["state"] == "succeeded"
    [execution] = stacks.executions(slot["asset_id"])
    assert eventually(lambda: stacks.end_of(execution["executionArn"]), "its end") == "SUCCEEDED"
