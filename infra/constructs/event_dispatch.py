"""Event rows leave the table: stream, `dispatch_events`, one message per delivery."""

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import MARK_ROWS, READ_ROWS, WRITE_ROWS, allow_reading_stream, allow_rows
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import dead_letter_queue
from sluice.config import DispatchEventsSettings
from sluice.table import SK


class EventDispatch(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        deliveries: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        function = PythonFunction(
            self,
            name="dispatch_events",
            base=base,
            timeout_s=60,
            environment=DispatchEventsSettings.to_env(**base.settings, delivery_queue_url=deliveries.queue_url),
        )
        allow_rows(function, base.table, [*READ_ROWS, *WRITE_ROWS, *MARK_ROWS])
        function.allow(["sqs:SendMessage"], [deliveries.queue_arn, self.dead_letters.queue_arn])
        self._read_stream(function, base.table)

    def _read_stream(self, function: PythonFunction, table: dynamodb.ITable) -> None:
        mapping = lambda_.EventSourceMapping(
            self,
            "Stream",
            target=function.function,
            event_source_arn=allow_reading_stream(function, table),
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            # The embedded engine counts records of all kinds, of which the filter leaves some. Fifty endpoints each may
            # be more than there is time for; what is left comes again.
            batch_size=100,
            filters=[
                lambda_.FilterCriteria.filter(
                    {"eventName": ["INSERT"], "dynamodb": {"Keys": {SK: {"S": [{"prefix": "EVENT#"}]}}}}
                )
            ],
            bisect_batch_on_error=True,
            retry_attempts=5,
            max_record_age=Duration.hours(1),  # reconcile finds undispatched events long before
            report_batch_item_failures=True,
            on_failure=SqsDlq(self.dead_letters),
        )
        mapping.node.add_dependency(function.role)
