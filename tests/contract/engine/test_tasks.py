"""ECS tasks as local processes: what they see, how they end, whom they act for."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.engine import Engine
from infra.local.processes import recorded_pid
from infra.local.templates import create_stack
from tests.contract.engine.conftest import Eventually
from tests.contract.engine.resources import allow, attribute, ref, resource, role, task_definition
from tests.contract.engine.sessions import assumed

CLUSTER = "tasks"
TASK_EVENTS = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}


@dataclass
class Tasks:
    engine: Engine
    eventually: Eventually
    outputs: dict[str, str]

    def run(self, *command: str, client: Any = None, environment: dict[str, str] | None = None) -> str:
        override = {
            "name": "main",
            "command": list(command),
            "environment": [{"name": name, "value": value} for name, value in (environment or {}).items()],
        }
        started = (client or self.engine.client("ecs")).run_task(
            cluster=CLUSTER, taskDefinition=self.outputs["Task"], overrides={"containerOverrides": [override]}
        )
        return str(started["tasks"][0]["taskArn"])

    def describe(self, task_arn: str) -> dict[str, Any]:
        described: dict[str, Any] = self.engine.client("ecs").describe_tasks(cluster=CLUSTER, tasks=[task_arn])
        return dict(described["tasks"][0])

    def stopped(self, task_arn: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            task = self.describe(task_arn)
            return task if task["lastStatus"] == "STOPPED" else None

        return dict(self.eventually(look))

    def printed(self, task_arn: str) -> str:
        stream = f"task/main/{task_arn.rsplit('/', 1)[-1]}"
        logs = self.engine.client("logs")

        def look() -> list[Any]:
            streams = logs.describe_log_streams(logGroupName="tasks", logStreamNamePrefix=stream)["logStreams"]
            return logs.get_log_events(logGroupName="tasks", logStreamName=stream)["events"] if streams else []

        return str(self.eventually(look)[0]["message"])

    def pids(self) -> list[int]:
        records = (self.engine.folder / "tasks").glob("*.json")
        return [pid for pid in map(recorded_pid, records) if pid is not None]


@pytest.fixture(scope="module")
def tasks(engine: Engine, eventually: Eventually) -> Iterator[Tasks]:
    logging = {
        "LogDriver": "awslogs",
        "Options": {"awslogs-group": ref("Logs"), "awslogs-stream-prefix": "task", "awslogs-region": "us-east-1"},
    }
    objects = {"Fn::Join": ["", [attribute("Bucket", "Arn"), "/allowed/*"]]}
    starter_role = role("lambda", allow(["ecs:RunTask"], ref("Task")))
    passing = allow(["iam:PassRole"], attribute("TaskRole", "Arn"))
    in_cluster = {"ArnEquals": {"ecs:cluster": attribute("Cluster", "Arn")}}
    template = {
        "Bucket": resource("S3::Bucket"),
        "Logs": resource("Logs::LogGroup", LogGroupName="tasks"),
        "Cluster": resource("ECS::Cluster", ClusterName=CLUSTER),
        "TaskRole": role("ecs-tasks", allow(["s3:PutObject"], objects)),
        "Task": task_definition(
            "TaskRole",
            LogConfiguration=logging,
            StopTimeout=1,
            Environment=[{"Name": "FROM_DEFINITION", "Value": "yes"}],
        ),
        "UnknownImage": task_definition("TaskRole", Image="registry/unknown:1"),
        "Other": task_definition("TaskRole", Cpu=128),
        "Starter": role("lambda", allow(["ecs:RunTask"], ref("Task")) | {"Condition": in_cluster}, passing),
        "StarterWithoutPassRole": starter_role,
        "Queue": resource("SQS::Queue"),
        "Rule": resource(
            "Events::Rule", EventPattern=TASK_EVENTS, Targets=[{"Id": "queue", "Arn": attribute("Queue", "Arn")}]
        ),
    }
    names = ("Bucket", "Task", "UnknownImage", "Other", "Queue")
    outputs = {name: ref(name) for name in names} | {
        name: attribute(name, "Arn") for name in ("Starter", "StarterWithoutPassRole")
    }
    yield Tasks(engine, eventually, create_stack(engine, "tasks", template, outputs))


def test_a_container_sees_its_definition_its_overrides_its_image_and_nothing_else(tasks: Tasks) -> None:
    seen = json.loads(tasks.printed(tasks.run("environment", environment={"FROM_OVERRIDE": "yes"})))
    environment = seen["environment"]
    expected = {"FROM_DEFINITION": "yes", "FROM_OVERRIDE": "yes", "FROM_IMAGE": "yes", "AWS_REGION": "us-east-1"}
    assert expected.items() <= environment.items()
    assert seen["folder"] == environment["HOME"] == environment["TMPDIR"]
    assert environment["AWS_ENDPOINT_URL"] == tasks.engine.endpoint_url
    assert not {"GATEWAY_PORT", "AUTH", "STATE_DIR", "PYTHONPATH", "AWS_ACCESS_KEY_ID"} & environment.keys()


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_of_a_container_is_its_process_s(tasks: Tasks, code: int) -> None:
    task = tasks.stopped(tasks.run("exit", str(code)))
    assert task["containers"][0]["exitCode"] == code
    assert task["stopCode"] == "EssentialContainerExited"


def test_a_killed_process_reports_137(tasks: Tasks) -> None:
    task_arn = tasks.run("run-until-stopped")
    (pid,) = tasks.eventually(tasks.pids)
    tasks.eventually(lambda: tasks.describe(task_arn)["lastStatus"] == "RUNNING")
    os.kill(pid, signal.SIGKILL)
    task = tasks.stopped(task_arn)
    assert task["containers"][0]["exitCode"] == 137
    assert task["stopCode"] == "EssentialContainerExited"
    tasks.eventually(lambda: not tasks.pids())


@pytest.mark.parametrize(("command", "code"), [(["run-until-stopped"], 143), (["run-until-stopped", "deaf"], 137)])
def test_a_stopped_task_ends_its_process_and_reports_how(tasks: Tasks, command: list[str], code: int) -> None:
    task_arn = tasks.run(*command)
    assert tasks.printed(task_arn) == "running"
    ecs = tasks.engine.client("ecs")
    stopping = ecs.stop_task(cluster=CLUSTER, task=task_arn, reason="no longer needed")["task"]
    assert stopping["desiredStatus"] == "STOPPED"
    task = tasks.stopped(task_arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "no longer needed")
    assert task["containers"][0]["exitCode"] == code
    tasks.eventually(lambda: not tasks.pids())


def test_an_unknown_image_fails_to_start(tasks: Tasks) -> None:
    ecs = tasks.engine.client("ecs")
    started = ecs.run_task(cluster=CLUSTER, taskDefinition=tasks.outputs["UnknownImage"])["tasks"][0]
    task = tasks.stopped(started["taskArn"])
    assert task["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in task["stoppedReason"]


def test_a_task_acts_as_its_task_role_and_is_denied_what_that_lacks(tasks: Tasks) -> None:
    task_arn = tasks.run("identity")
    arn = json.loads(tasks.printed(task_arn))["arn"]
    assert arn.startswith("arn:aws:sts::000000000000:assumed-role/tasks-TaskRole")
    assert arn.endswith(task_arn.rsplit("/", 1)[-1])

    bucket = tasks.outputs["Bucket"]
    assert tasks.stopped(tasks.run("put", bucket, "allowed/object"))["containers"][0]["exitCode"] == 0
    denied = tasks.run("put", bucket, "elsewhere/object")
    assert tasks.stopped(denied)["containers"][0]["exitCode"] == 1
    keys = [each["Key"] for each in tasks.engine.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["allowed/object"]


def test_run_task_needs_the_definition_its_cluster_and_the_roles_it_passes(tasks: Tasks) -> None:
    task_arn = tasks.run("exit", "0", client=assumed(tasks.engine, tasks.outputs["Starter"], "ecs"))
    assert tasks.stopped(task_arn)["containers"][0]["exitCode"] == 0

    with pytest.raises(ClientError, match="iam:PassRole"):
        tasks.run("exit", "0", client=assumed(tasks.engine, tasks.outputs["StarterWithoutPassRole"], "ecs"))

    ecs = assumed(tasks.engine, tasks.outputs["Starter"], "ecs")
    with pytest.raises(ClientError, match="ecs:RunTask"):
        ecs.run_task(cluster=CLUSTER, taskDefinition=tasks.outputs["Other"])
    with pytest.raises(ClientError, match="ecs:RunTask"):
        ecs.run_task(cluster="another", taskDefinition=tasks.outputs["Task"])


def test_state_changes_of_a_task_are_events(tasks: Tasks) -> None:
    task_arn = tasks.run("exit", "7")
    sqs = tasks.engine.client("sqs")
    seen: dict[str, Any] = {}

    def look() -> bool:
        received = sqs.receive_message(QueueUrl=tasks.outputs["Queue"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in received.get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            if detail["taskArn"] == task_arn:
                seen[detail["lastStatus"]] = detail
        return "STOPPED" in seen

    tasks.eventually(look)
    assert seen.keys() >= {"PENDING", "RUNNING", "STOPPED"}
    assert seen["STOPPED"]["containers"][0]["exitCode"] == 7
