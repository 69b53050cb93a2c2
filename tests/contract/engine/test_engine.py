"""The engine process: side by side, restart with its state, kill and orphans."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
import requests

from infra.local.engine import STOP_GRACE_S, Engine, EngineFailed, LocalImage
from infra.local.orphans import end_orphaned_tasks
from infra.local.processes import recorded_pid, start_time
from infra.local.templates import create_stack
from tests.contract.engine.conftest import IMAGE, Eventually
from tests.contract.engine.resources import function, ref, resource, role, task_definition

BUSY = """
import os, pathlib, tempfile, time
def handler(event, context):
    pathlib.Path(tempfile.gettempdir(), "pid").write_text(str(os.getpid()))
    time.sleep(600)
"""
REMEMBER = "def handler(event, context): return 'still here'"


def test_state_ports_and_functions_survive_a_restart_beside_another_engine(engine: Engine, tmp_path: Path) -> None:
    engine.client("s3").create_bucket(Bucket="of-the-other-engine")
    template = {
        "Role": role("lambda"),
        "Function": function(REMEMBER, "Role"),
        "Bucket": resource("S3::Bucket"),
        "Queue": resource("SQS::Queue"),
    }
    with Engine(tmp_path, images=[IMAGE]) as own:
        ports = own.ports
        assert not {ports.gateway, ports.api, ports.media} & set(vars(engine.ports).values())
        names = {name: ref(name) for name in ("Function", "Bucket", "Queue")}
        made = create_stack(own, "survivor", template, names)
        own.client("s3").put_object(Bucket=made["Bucket"], Key="object", Body=b"kept")
        own.client("sqs").send_message(QueueUrl=made["Queue"], MessageBody="kept")
    assert not own.running
    assert not any((tmp_path / "tmp").iterdir())

    with Engine(tmp_path, images=[IMAGE]) as again:
        assert again.ports == ports
        assert [bucket["Name"] for bucket in again.client("s3").list_buckets()["Buckets"]] == [made["Bucket"]]
        assert again.client("s3").get_object(Bucket=made["Bucket"], Key="object")["Body"].read() == b"kept"
        assert again.client("sqs").receive_message(QueueUrl=made["Queue"])["Messages"][0]["Body"] == "kept"
        answer = again.client("lambda").invoke(FunctionName=made["Function"])
        assert answer["Payload"].read() == b'"still here"'
        stack = again.client("cloudformation").describe_stacks(StackName="survivor")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_killed_engine_comes_back_with_its_checkpoint_and_its_orphans_are_ended(
    tmp_path: Path, eventually: Eventually
) -> None:
    template = {
        "Role": role("ecs-tasks"),
        "Cluster": resource("ECS::Cluster", ClusterName="orphans"),
        "Task": task_definition("Role", Command=["run-until-stopped"]),
    }
    with Engine(tmp_path, images=[IMAGE]) as own:
        made = create_stack(own, "orphans", template, {"Task": ref("Task")})
        own.client("sqs").create_queue(QueueName="in-the-checkpoint")
        own.checkpoint()
        own.client("ecs").run_task(cluster="orphans", taskDefinition=made["Task"])
        (orphan,) = eventually(lambda: running_tasks(tmp_path))
        engine_pid = recorded_pid(tmp_path / "engine.json")
        assert engine_pid is not None
        os.kill(engine_pid, signal.SIGKILL)
        eventually(lambda: not own.running)
        assert start_time(orphan) is not None

        own.start()
        assert start_time(orphan) is None
        assert running_tasks(tmp_path) == []
        assert own.client("sqs").get_queue_url(QueueName="in-the-checkpoint")


def test_stopping_the_engine_ends_its_tasks(tmp_path: Path, eventually: Eventually) -> None:
    template = {
        "Role": role("ecs-tasks"),
        "Cluster": resource("ECS::Cluster", ClusterName="left"),
        "Task": task_definition("Role", Command=["run-until-stopped"]),
    }
    with Engine(tmp_path, images=[IMAGE]) as own:
        made = create_stack(own, "left", template, {"Task": ref("Task")})
        own.client("ecs").run_task(cluster="left", taskDefinition=made["Task"])
        (task,) = eventually(lambda: running_tasks(tmp_path))
    assert start_time(task) is None


def test_a_function_at_work_ends_with_the_engine_and_does_not_hold_it_up(
    tmp_path: Path, eventually: Eventually
) -> None:
    template = {"Role": role("lambda"), "Function": function(BUSY, "Role", Timeout=600)}
    with Engine(tmp_path) as own:
        name = create_stack(own, "busy", template, {"Name": ref("Function")})["Name"]
        own.client("lambda").invoke(FunctionName=name, InvocationType="Event")
        own.client("sqs").create_queue(QueueName="saved")
        written = tmp_path / "tmp" / "pid"
        pid = int(eventually(lambda: written.exists() and written.read_text()))
        began = time.monotonic()
        own.stop()
        assert time.monotonic() - began < STOP_GRACE_S / 2
        assert start_time(pid) is None
        own.start()
        assert own.client("sqs").get_queue_url(QueueName="saved")


def test_a_recorded_pid_that_belongs_to_another_process_now_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "task.json"
    record.write_text(f'{{"pid": {os.getpid()}, "started": "long ago"}}')
    assert end_orphaned_tasks(tmp_path) == 0
    assert not record.exists()


def test_a_second_start_attaches_and_its_exit_leaves_the_engine_running(engine: Engine) -> None:
    with Engine(engine.folder, images=[IMAGE]) as attached:
        assert attached.ports == engine.ports
    assert engine.running
    assert requests.get(f"{engine.endpoint_url}/_ministack/health", timeout=30).status_code == 200


def test_an_engine_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.engine.ENGINE_PYTHON", Path(sys.executable))  # has no ministack
    with pytest.raises(EngineFailed, match="ministack"):
        Engine(tmp_path, images=[LocalImage("any", ["true"])]).start()


def running_tasks(folder: Path) -> list[int]:
    return [pid for pid in map(recorded_pid, (folder / "tasks").glob("*.json")) if pid is not None]
