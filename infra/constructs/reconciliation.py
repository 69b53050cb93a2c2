"""Once a minute: notifications are hints, so somebody looks for what they failed to tell."""

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import (
    DELETE_ROWS,
    MARK_ROWS,
    READ_ROWS,
    WRITE_ROWS,
    allow_calling,
    allow_due_work,
    allow_objects,
    allow_reading,
    allow_rows,
)
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import dead_letter_queue
from infra.constructs.workflow import allow_describing, allow_starting
from sluice.config import ReconcileSettings

CHOSEN_POSTERS = "media/*/*/thm_*/poster.jpg"  # no key of a video holds the id of a thumbnail


class Reconciliation(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        uploads: s3.IBucket,
        media: s3.IBucket,
        state_machine: sfn.IStateMachine,
        fetches: sfn.IStateMachine,
        deliveries: sqs.IQueue,
        completions: sqs.IQueue,
        thumbnails: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        self._function = PythonFunction(
            self,
            name="reconcile",
            base=base,
            timeout_s=55,  # less than a minute: sweeps do not pile up
            environment=ReconcileSettings.to_env(
                **base.settings,
                **base.starting,
                uploads_bucket=uploads.bucket_name,
                media_bucket=media.bucket_name,
                state_machine_arn=state_machine.state_machine_arn,
                fetch_state_machine_arn=fetches.state_machine_arn,
                delivery_queue_url=deliveries.queue_url,
                complete_queue_url=completions.queue_url,
                make_thumbnail_function=thumbnails.function_name,
            ),
        )
        self._allow_rows(base.table)
        self._allow_objects(uploads, media)
        allow_calling(self._function, thumbnails)
        self._function.allow(["sqs:SendMessage"], [deliveries.queue_arn, completions.queue_arn])
        allow_starting(self._function, state_machine, fetches)
        allow_describing(self._function, f"{base.config.prefix}-transcode", f"{base.config.prefix}-fetch")
        self._every_minute()

    def _allow_rows(self, table: dynamodb.ITable) -> None:
        allow_rows(self._function, table, [*READ_ROWS, *WRITE_ROWS, *MARK_ROWS, *DELETE_ROWS])
        allow_due_work(self._function, table)

    def _allow_objects(self, uploads: s3.IBucket, media: s3.IBucket) -> None:
        allow_reading(self._function, uploads, "uploads")
        allow_objects(self._function, uploads, "uploads", ["s3:AbortMultipartUpload"])
        allow_objects(self._function, uploads, "thumbnails", ["s3:GetObject"])  # was it sent?
        self._function.allow(["s3:DeleteObject"], [media.arn_for_objects(CHOSEN_POSTERS)])

    def _every_minute(self) -> None:
        function = self._function.function
        # no retries: the next minute is the retry
        function.configure_async_invoke(retry_attempts=0, on_failure=SqsDestination(self.dead_letters))
        target = targets.LambdaFunction(
            function, dead_letter_queue=self.dead_letters, max_event_age=Duration.minutes(1), retry_attempts=0
        )
        events.Rule(self, "EveryMinute", schedule=events.Schedule.rate(Duration.minutes(1)), targets=[target])
