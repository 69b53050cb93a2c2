"""Once a minute: notifications are hints, so somebody looks for what they failed to tell."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.config import Config
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_due_work, allow_head, allow_objects, allow_rows
from infra.constructs.layers import Layers
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import dead_letter_queue
from sluice.config import ReconcileSettings


class Reconciliation(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        layers: Layers,
        table: dynamodb.ITable,
        uploads: s3.IBucket,
        state_machine: sfn.StateMachine,
        deliveries: sqs.IQueue,
        completions: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        function = PythonFunction(
            self,
            name="reconcile",
            config=config,
            layers=layers,
            timeout_s=55,  # less than a minute: sweeps do not pile up
            retry_attempts=0,  # the next minute is the retry
            dead_letter_queue=self.dead_letters,
            environment=ReconcileSettings.to_env(
                environment=config.environment,
                table_name=table.table_name,
                uploads_bucket=uploads.bucket_name,
                state_machine_arn=state_machine.state_machine_arn,
                delivery_queue_url=deliveries.queue_url,
                complete_queue_url=completions.queue_url,
            ),
        )
        allow_rows(function, table, [*READ_ROWS, *WRITE_ROWS])
        allow_due_work(function, table)
        allow_head(function, uploads, "uploads")
        allow_objects(function, uploads, "uploads", ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"])
        function.allow(["sqs:SendMessage"], [deliveries.queue_arn, completions.queue_arn, self.dead_letters.queue_arn])
        function.allow(["states:StartExecution"], [state_machine.state_machine_arn])
        executions = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{config.prefix}-transcode:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        function.allow(["states:DescribeExecution"], [executions])
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[
                targets.LambdaFunction(
                    function.function,
                    dead_letter_queue=self.dead_letters,
                    max_event_age=Duration.minutes(1),
                    retry_attempts=0,
                )
            ],
        )
