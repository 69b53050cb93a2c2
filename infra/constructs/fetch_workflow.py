"""The state machine `fetch`: one task per source, on demand, tried again when the machine was at fault.

A source that is refused is no fault: the task says so in the rows and ends well. What it received so far is in S3, so
another try goes on from there.
"""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.constructs.fargate_task import FargateTask
from infra.constructs.foundation import Foundation
from infra.constructs.grants import COUNT_ROWS, READ_ROWS, WRITE_ROWS, allow_objects, allow_rows
from infra.constructs.python_function import PythonFunction
from infra.constructs.run_task import allow_running, run_task
from infra.constructs.workflow import persistent, workflow
from sluice.config import FailFetchSettings

TASK_LIMIT = Duration.hours(12)
# An execution's timeout runs no Catch; `reconcile` then fails the upload.
TOTAL_LIMIT = Duration.hours(25)
COMMAND = "States.Array('fetch', '--tenant', $.tenant_id, '--upload', $.upload_id)"
# RunTask answered that there is no room now: quota, throttling, capacity. A batch of sources waits here for its turn.
NO_ROOM = ["ECS.AmazonECSException", "ECS.ThrottlingException", "ECS.ServerException"]


class FetchWorkflow(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, base: Foundation, task: FargateTask, uploads: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        self._fail = PythonFunction(
            self,
            name="fail_fetch",
            base=base,
            environment=FailFetchSettings.to_env(**base.settings, uploads_bucket=uploads.bucket_name),
        )
        allow_rows(self._fail, base.table, [*READ_ROWS, *WRITE_ROWS, *COUNT_ROWS])
        allow_objects(self._fail, uploads, "uploads", ["s3:AbortMultipartUpload"])
        self.state_machine = workflow(
            self, "Fetch", config=base.config, definition=self._definition(task), limit=TOTAL_LIMIT
        )
        allow_running(self.state_machine, task)

    def _definition(self, task: FargateTask) -> sfn.IChainable:
        scope = Construct(self, "States")  # a state's id is its name, and one of them is named like our function
        run = run_task(
            scope,
            "FetchSource",
            task,
            command=COMMAND,
            # network bound, so cheap by itself; an interruption would cost a resume
            capacity={"CapacityProvider": "FARGATE"},
            limit=TASK_LIMIT,
        )
        run.add_retry(
            errors=NO_ROOM,
            interval=Duration.seconds(30),
            backoff_rate=2,
            max_delay=Duration.minutes(5),
            max_attempts=200,  # some 16 hours
            jitter_strategy=sfn.JitterType.FULL,
        )
        run.add_retry(errors=["States.ALL"], interval=Duration.seconds(10), backoff_rate=3, max_attempts=5)
        fail = persistent(
            tasks.LambdaInvoke(
                scope,
                "FailFetch",
                lambda_function=self._fail.function,
                payload_response_only=True,
                result_path=sfn.JsonPath.DISCARD,
            )
        )
        failed = sfn.Fail(scope, "Failed", error="FetchFailed", cause="The upload row says why.")
        run.add_catch(fail.next(failed), errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
        return run.next(sfn.Succeed(scope, "Done"))
