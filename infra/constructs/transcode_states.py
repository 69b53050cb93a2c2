"""The states of `transcode`, as data in Python. Every Task discards its output: what happened stands in the table."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.constructs.fargate_task import FargateTask
from infra.constructs.run_task import run_task
from infra.constructs.workflow import persistent

ATTEMPT_LIMIT = Duration.hours(8)
JOB = {"tenant_id.$": "$.tenant_id", "asset_id.$": "$.asset_id", "job_id.$": "$.job_id"}
SIZE = {"size.$": "$.size"}
START = {"attempt": 1, "capacity": "FARGATE_SPOT", "denied": 0}  # of every loop over attempts
USUAL_SIZE = {"cpu": "4096", "memory": "8192", "storage_gib": 200}
UNCLASSIFIED = {
    "error": {
        "code": "provider.unclassified",
        "error_class": "provider",
        "retryable": True,
        "message": "Processing stopped, and the reason could not be read.",
    }
}


def first_attempt(scope: Construct) -> sfn.Pass:
    started = {"started_at.$": "$$.Execution.StartTime"}
    return sfn.Pass(scope, "Init", parameters={**JOB, **SIZE, **started, **START})


def with_size(scope: Construct, then: sfn.Pass) -> sfn.Choice:
    """A function of the release before, which is replaced minutes after this state machine, names no size."""
    usual = sfn.Pass(scope, "UsualSize", parameters=dict(USUAL_SIZE), result_path="$.size").next(then)
    return sfn.Choice(scope, "SizeGiven").when(sfn.Condition.is_present("$.size"), then).otherwise(usual)


def next_attempt(scope: Construct) -> sfn.Pass:
    again = {
        "started_at.$": "$.started_at",
        "attempt.$": "$.verdict.attempt",
        "capacity.$": "$.verdict.capacity",
        "denied.$": "$.verdict.denied",
    }
    return sfn.Pass(scope, "NextAttempt", parameters={**JOB, **SIZE, **again})


def run_transcoder(scope: Construct, task: FargateTask) -> sfn.CustomState:
    command = (
        "States.Array('transcode', '--tenant', $.tenant_id, '--job', $.job_id, '--attempt', "
        "States.Format('{}', $.attempt), '--capacity', $.capacity)"
    )
    capacity = {"CapacityProvider.$": "$.capacity"}
    return run_task(scope, "RunTask", task, command=command, capacity=capacity, limit=ATTEMPT_LIMIT, size="$.size")


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
                "unit": "",
                "denied.$": "$.denied",
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
