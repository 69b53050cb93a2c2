"""The states of `transcode`, as data in Python. Every Task discards its output: what happened stands in the table."""

from typing import Any

from aws_cdk import Aws, Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.constructs.transcoder_task import CONTAINER, TranscoderTask

ATTEMPT_LIMIT = Duration.hours(8)
JOB = {"tenant_id.$": "$.tenant_id", "asset_id.$": "$.asset_id", "job_id.$": "$.job_id"}
UNCLASSIFIED = {
    "error": {
        "code": "provider.unclassified",
        "error_class": "provider",
        "retryable": True,
        "message": "Processing stopped, and the reason could not be read.",
    }
}


def first_attempt(scope: Construct) -> sfn.Pass:
    start = {"started_at.$": "$$.Execution.StartTime", "attempt": 1, "capacity": "FARGATE_SPOT"}
    return sfn.Pass(scope, "Init", parameters={**JOB, **start})


def next_attempt(scope: Construct) -> sfn.Pass:
    again = {
        "started_at.$": "$.started_at",
        "attempt.$": "$.verdict.attempt",
        "capacity.$": "$.verdict.capacity",
    }
    return sfn.Pass(scope, "NextAttempt", parameters={**JOB, **again})


def run_task(scope: Construct, task: TranscoderTask) -> sfn.CustomState:
    """ASL by hand: the L2 state cannot take its capacity provider from the state's input."""
    return sfn.CustomState(
        scope,
        "RunTask",
        state_json={
            "Type": "Task",
            "Resource": f"arn:{Aws.PARTITION}:states:::ecs:runTask.sync",
            "Parameters": _run_task_parameters(task),
            "ResultPath": sfn.JsonPath.DISCARD,  # not None, which jsii drops; the task's JSON is several KB
            "TimeoutSeconds": int(ATTEMPT_LIMIT.to_seconds()),
        },
    )


def _run_task_parameters(task: TranscoderTask) -> dict[str, Any]:
    command = (
        "States.Array('transcode', '--tenant', $.tenant_id, '--job', $.job_id, '--attempt', "
        "States.Format('{}', $.attempt), '--capacity', $.capacity)"
    )
    return {
        "Cluster": task.cluster.cluster_arn,
        "TaskDefinition": task.family,  # its newest revision: a deployment retires the one a running job began with
        "CapacityProviderStrategy": [{"CapacityProvider.$": "$.capacity", "Weight": 1}],
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "AssignPublicIp": "ENABLED",  # instead of a NAT gateway; the security group lets nothing in
                "Subnets": [subnet.subnet_id for subnet in task.network.vpc.public_subnets],
                "SecurityGroups": [task.network.task_security_group.security_group_id],
            }
        },
        "Overrides": {"ContainerOverrides": [{"Name": CONTAINER, "Command.$": command}]},
    }


def persistent(invoke: tasks.LambdaInvoke) -> tasks.LambdaInvoke:
    """Beside Lambda's own faults, which the L2 repeats: throttling, a crash, an exception of ours."""
    invoke.add_retry(errors=["States.ALL"], interval=Duration.seconds(2), max_attempts=4, backoff_rate=2)
    return invoke


def classify_failure(scope: Construct, function: lambda_.IFunction) -> tasks.LambdaInvoke:
    invoke = tasks.LambdaInvoke(
        scope,
        "ClassifyFailure",
        lambda_function=function,
        payload=sfn.TaskInput.from_object(
            {
                "tenant_id.$": "$.tenant_id",
                "job_id.$": "$.job_id",
                "attempt.$": "$.attempt",
                "capacity.$": "$.capacity",
                "error.$": "$.failure.Error",
                "cause.$": "$.failure.Cause",
                "started_at.$": "$.started_at",
            }
        ),
        payload_response_only=True,
        result_path="$.verdict",
    )
    return persistent(invoke)


def unclassified(scope: Construct) -> sfn.Pass:
    """Classifying failed itself: the job fails with an honest error instead of hanging."""
    return sfn.Pass(scope, "Unclassified", parameters=UNCLASSIFIED, result_path="$.verdict")


def fail_transcode(scope: Construct, function: lambda_.IFunction) -> tasks.LambdaInvoke:
    invoke = tasks.LambdaInvoke(
        scope,
        "FailTranscode",
        lambda_function=function,
        payload=sfn.TaskInput.from_object({**JOB, "attempt.$": "$.attempt", "error.$": "$.verdict.error"}),
        payload_response_only=True,
        result_path=sfn.JsonPath.DISCARD,
    )
    return persistent(invoke)
