"""The deployed stacks as their operator sees them: functions, queues, tasks, rows."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.local.engine import Engine
from infra.local.processes import recorded_pid, start_time
from infra.operate import Operator
from sluice.adapters.items import from_item
from sluice.adapters.process import locate_binaries
from sluice.adapters.records import DynamoRecords
from sluice.domain.models import AssetVersion, Job

PREFIX = "sluice-local"


@dataclass(frozen=True)
class RunningTask:
    arn: str
    attempt: int
    pid: int  # also the id of its process group

    def encoder(self) -> int | None:
        """The pid of the ffmpeg that it started, while that runs."""
        listed = subprocess.run(["ps", "-axwwo", "pid=,ppid=,command="], capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            pid, parent, command = line.split(maxsplit=2)
            if int(parent) == self.pid and command.startswith(locate_binaries().ffmpeg):
                return int(pid)
        return None

    def kill(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)

    def stop_encoder(self) -> bool:
        """It stays where it is until it is killed with its task; False if it has ended."""
        encoder = self.encoder()
        if encoder is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(encoder, signal.SIGSTOP)
        return start_time(encoder) is not None

    @contextmanager
    def paused(self) -> Iterator[None]:
        os.killpg(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.pid, signal.SIGCONT)


@dataclass(frozen=True)
class Stacks:
    engine: Engine
    outputs: dict[str, str]

    @cached_property
    def operator(self) -> Operator:
        return Operator(self.engine.client("lambda"), self.outputs["OperateFunction"])

    @cached_property
    def records(self) -> DynamoRecords:
        return DynamoRecords(self.engine.client("dynamodb"), self.outputs["TableName"])

    def invoke(self, function: str) -> Any:
        """Once, without an event; fails when the function does."""
        answer = self.engine.client("lambda").invoke(FunctionName=f"{PREFIX}-{function}", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def role_of(self, function: str) -> str:
        """The ARN of the role that a function runs under."""
        described = self.engine.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-{function}")
        return str(described["Role"])

    def queue_of(self, function: str) -> str:
        """The URL of the queue that feeds a function."""
        listed = self.engine.client("lambda").list_event_source_mappings(FunctionName=f"{PREFIX}-{function}")
        name = listed["EventSourceMappings"][0]["EventSourceArn"].rsplit(":", 1)[-1]
        return str(self.engine.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def waiting_messages(self, queue_url: str) -> int:
        """Those in flight or delayed included."""
        counts = ("", "NotVisible", "Delayed")
        names = [f"ApproximateNumberOfMessages{kind}" for kind in counts]
        answer = self.engine.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)

    def log_messages(self, function: str) -> list[str]:
        group = f"/aws/lambda/{PREFIX}-{function}"
        found = self.engine.client("logs").filter_log_events(logGroupName=group)
        return [event["message"] for event in found["events"]]

    def stored(self, bucket: str, prefix: str) -> list[str]:
        """Keys of a bucket, which is named by its output."""
        listed = self.engine.client("s3").list_objects_v2(Bucket=self.outputs[bucket], Prefix=prefix)
        return [found["Key"] for found in listed.get("Contents", [])]

    def open_multipart_uploads(self, prefix: str) -> list[str]:
        """Keys under which S3 keeps parts that were never joined."""
        listed = self.engine.client("s3").list_multipart_uploads(Bucket=self.outputs["UploadsBucket"], Prefix=prefix)
        return [found["Key"] for found in listed.get("Uploads", [])]

    def rows(self, partition: str, prefix: str) -> list[dict[str, Any]]:
        answer = self.engine.client("dynamodb").query(
            TableName=self.outputs["TableName"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":sk": {"S": prefix}},
        )
        return list(answer["Items"])

    def versions(self, tenant_id: str, asset_id: str) -> list[AssetVersion]:
        return [from_item(AssetVersion, row) for row in self.rows(f"TENANT#{tenant_id}#ASSET#{asset_id}", "VERSION#")]

    def jobs_of(self, tenant_id: str, asset_id: str) -> list[Job]:
        """Found by a scan, so that a job which no list shows is found too."""
        pages = self.engine.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["TableName"])
        rows = [row for page in pages for row in page["Items"] if row["sk"]["S"] == "JOB"]
        jobs = [from_item(Job, row) for row in rows]
        return [job for job in jobs if (job.tenant_id, job.asset_id) == (tenant_id, asset_id)]

    def executions(self, asset_id: str) -> list[dict[str, Any]]:
        """The state machine's executions for an asset, as DescribeExecution tells them."""
        states = self.engine.client("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=self.outputs["StateMachineArn"])
        arns = [one["executionArn"] for page in pages for one in page["executions"]]
        described = [states.describe_execution(executionArn=arn) for arn in arns]
        return [one for one in described if json.loads(one["input"])["asset_id"] == asset_id]

    def end_of(self, execution_arn: str) -> str | None:
        """Its last status; None while it runs."""
        described = self.engine.client("stepfunctions").describe_execution(executionArn=execution_arn)
        return None if described["status"] == "RUNNING" else str(described["status"])

    def stopped_task(self, arn: str) -> dict[str, Any] | None:
        cluster = self.outputs["ClusterName"]
        [task] = self.engine.client("ecs").describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
        return dict(task) if task["lastStatus"] == "STOPPED" else None

    def tasks(self, job_id: str) -> list[dict[str, Any]]:
        """Every task that was ever started for a job or a fetched upload, as ECS describes it, in order of attempt."""
        ecs, cluster = self.engine.client("ecs"), self.outputs["ClusterName"]
        arns = {  # a set: a task that stops in between is in both lists
            arn
            for status in ("RUNNING", "STOPPED")
            for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=status)
            for arn in page["taskArns"]
        }
        described = [ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0] for arn in arns]
        return sorted((one for one in described if job_id in _command(one)), key=_attempt)

    def running_task(self, job_id: str, attempt: int) -> RunningTask | None:
        for task in self.tasks(job_id):
            if task["lastStatus"] == "RUNNING" and _attempt(task) == attempt and (found := self.process_of(task)):
                return found
        return None

    def process_of(self, task: dict[str, Any]) -> RunningTask | None:
        records = (self.engine.folder / "tasks").glob(f"{task['containers'][0]['runtimeId']}*.json")
        pids = [pid for pid in map(recorded_pid, records) if pid is not None]
        return RunningTask(task["taskArn"], _attempt(task), pids[0]) if pids else None


def _command(task: dict[str, Any]) -> list[str]:
    return list(task["overrides"]["containerOverrides"][0]["command"])


def _attempt(task: dict[str, Any]) -> int:
    """A fetch does not count its own."""
    command = _command(task)
    return int(command[command.index("--attempt") + 1]) if "--attempt" in command else 1
