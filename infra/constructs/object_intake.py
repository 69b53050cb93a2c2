"""S3 says that an object exists: EventBridge rule, queue, `on_object_created`."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import COUNT_ROWS, READ_ROWS, WRITE_ROWS, allow_reading, allow_rows
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import WorkQueue
from sluice.config import OnObjectCreatedSettings

TIMEOUT_S = 60


class ObjectIntake(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        uploads: s3.IBucket,
        state_machine: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        work = WorkQueue(self, "Work", consumer_timeout_s=TIMEOUT_S)
        events.Rule(
            self,
            "ObjectCreated",
            description="Originals that reached the uploads bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [uploads.bucket_name]}, "object": {"key": [{"prefix": "uploads/"}]}},
            ),
            targets=[targets.SqsQueue(work.queue, dead_letter_queue=work.dead_letters)],
        )
        function = PythonFunction(
            self,
            name="on_object_created",
            base=base,
            timeout_s=TIMEOUT_S,
            environment=OnObjectCreatedSettings.to_env(
                **base.settings,
                **base.starting,
                uploads_bucket=uploads.bucket_name,
                state_machine_arn=state_machine.state_machine_arn,
            ),
        )
        allow_rows(function, base.table, [*READ_ROWS, *WRITE_ROWS, *COUNT_ROWS])
        allow_reading(function, uploads, "uploads")
        function.allow(["states:StartExecution"], [state_machine.state_machine_arn])
        work.feed(function, batch_size=10, max_concurrency=20)
        self.dead_letters = work.dead_letters
