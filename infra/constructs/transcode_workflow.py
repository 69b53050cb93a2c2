"""The state machine `transcode`: one task start per attempt, Spot first, every failure classified.

Every non-zero exit and every Spot stop is the same States.TaskFailed to Step Functions, and Spot has no fallback of its
own. So a failure is caught, `classify_failure` reads the task's result row and the cause, and its answer says whether to
try again and on which capacity.
"""

from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.config import Config
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_rows
from infra.constructs.layers import Layers
from infra.constructs.log_group import log_group
from infra.constructs.python_function import PythonFunction
from infra.constructs.transcode_permissions import allow_running
from infra.constructs.transcoder_task import CONTAINER, TranscoderTask
from sluice.config import ClassifyFailureSettings, FailTranscodeSettings

ATTEMPT_LIMIT = Duration.hours(8)
TOTAL_LIMIT = Duration.hours(24)  # waits for capacity included


class TranscodeWorkflow(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        layers: Layers,
        table: dynamodb.ITable,
        task: TranscoderTask,
    ) -> None:
        super().__init__(scope, construct_id)
        self._states = Construct(self, "States")  # a state's id is its name, and two of them are named like functions
        known = {"environment": config.environment, "table_name": table.table_name}
        self._classify = PythonFunction(
            self,
            name="classify_failure",
            config=config,
            layers=layers,
            environment=ClassifyFailureSettings.to_env(**known),
        )
        self._fail = PythonFunction(
            self, name="fail_transcode", config=config, layers=layers, environment=FailTranscodeSettings.to_env(**known)
        )
        allow_rows(self._classify, table, [*READ_ROWS, *WRITE_ROWS])
        allow_rows(self._fail, table, [*READ_ROWS, *WRITE_ROWS])
        self.state_machine = sfn.StateMachine(
            self,
            "Transcode",
            state_machine_name=f"{config.prefix}-transcode",
            definition_body=sfn.DefinitionBody.from_chainable(self._definition(task)),
            timeout=TOTAL_LIMIT,
            logs=sfn.LogOptions(
                # the prefix keeps the account's log resource policy from growing with every state machine
                destination=log_group(self, config=config, name=f"/aws/vendedlogs/states/{config.prefix}-transcode"),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        allow_running(self.state_machine, task)

    def _definition(self, task: TranscoderTask) -> sfn.IChainable:
        start = sfn.Pass(
            self._states,
            "Init",
            parameters={
                "tenant_id.$": "$.tenant_id",
                "asset_id.$": "$.asset_id",
                "job_id.$": "$.job_id",
                "started_at.$": "$$.Execution.StartTime",
                "attempt": 1,
                "capacity": "FARGATE_SPOT",
            },
        )
        run = sfn.CustomState(self._states, "RunTask", state_json=_run_task(task))
        failed = self._failed()
        run.add_catch(self._classified(run, failed), errors=["States.ALL"], result_path="$.failure")
        return start.next(run).next(sfn.Succeed(self._states, "Done"))

    def _classified(self, run: sfn.CustomState, failed: sfn.IChainable) -> sfn.Chain:
        ask = tasks.LambdaInvoke(
            self._states,
            "ClassifyFailure",
            lambda_function=self._classify.function,
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
        unclassified = sfn.Pass(
            self._states,
            "Unclassified",
            parameters={
                "error": {
                    "code": "provider.unclassified",
                    "class": "provider",
                    "message": "The transcoder stopped and the reason could not be read.",
                    "retryable": True,
                }
            },
            result_path="$.verdict",
        )
        ask.add_catch(unclassified, errors=["States.ALL"], result_path="$.failure")
        unclassified.next(failed)
        again = sfn.Pass(
            self._states,
            "NextAttempt",
            parameters={
                "tenant_id.$": "$.tenant_id",
                "asset_id.$": "$.asset_id",
                "job_id.$": "$.job_id",
                "started_at.$": "$.started_at",
                "attempt.$": "$.verdict.attempt",
                "capacity.$": "$.verdict.capacity",
            },
        )
        wait = sfn.Wait(self._states, "WaitBeforeRetry", time=sfn.WaitTime.seconds_path("$.verdict.wait_s"))
        choice = sfn.Choice(self._states, "RetryOrFail")
        choice.when(sfn.Condition.string_equals("$.verdict.action", "retry"), wait.next(again).next(run))
        choice.otherwise(failed)
        return ask.next(choice)

    def _failed(self) -> sfn.IChainable:
        record = tasks.LambdaInvoke(
            self._states,
            "FailTranscode",
            lambda_function=self._fail.function,
            payload=sfn.TaskInput.from_object(
                {
                    "tenant_id.$": "$.tenant_id",
                    "asset_id.$": "$.asset_id",
                    "job_id.$": "$.job_id",
                    "attempt.$": "$.attempt",
                    "error.$": "$.verdict.error",
                }
            ),
            payload_response_only=True,
            result_path=sfn.JsonPath.DISCARD,
        )
        return record.next(sfn.Fail(self._states, "Failed", error="TranscodeFailed", cause="The job row says why."))


def _run_task(task: TranscoderTask) -> dict[str, Any]:
    """ASL by hand: the L2 state cannot take its capacity provider from the state's input."""
    vpc = task.network
    return {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::ecs:runTask.sync",
        "Parameters": {
            "Cluster": task.cluster.cluster_arn,
            "TaskDefinition": task.definition.task_definition_arn,
            "CapacityProviderStrategy": [{"CapacityProvider.$": "$.capacity", "Weight": 1}],
            "PropagateTags": "TASK_DEFINITION",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "ENABLED",  # instead of a NAT gateway; the security group lets nothing in
                    "Subnets": [subnet.subnet_id for subnet in vpc.vpc.public_subnets],
                    "SecurityGroups": [vpc.task_security_group.security_group_id],
                }
            },
            "Overrides": {
                "ContainerOverrides": [
                    {
                        "Name": CONTAINER,
                        "Command.$": "States.Array('transcode', '--tenant', $.tenant_id, '--job', $.job_id, "
                        "'--attempt', States.Format('{}', $.attempt))",
                    }
                ]
            },
        },
        "ResultPath": None,  # the task's JSON is several KB; what happened stands in the table
        "TimeoutSeconds": int(ATTEMPT_LIMIT.to_seconds()),
    }
