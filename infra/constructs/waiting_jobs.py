"""Jobs that wait for vCPUs start as soon as others give some back: table stream, `start_waiting`."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_due_work, allow_reading_stream, allow_rows
from infra.constructs.python_function import PythonFunction
from infra.constructs.workflow import allow_starting
from sluice.config import StartWaitingSettings
from sluice.table import LEASES, PK, SK, lease


class WaitingJobs(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, base: Foundation, state_machine: sfn.IStateMachine
    ) -> None:
        super().__init__(scope, construct_id)
        function = PythonFunction(
            self,
            name="start_waiting",
            base=base,
            environment=StartWaitingSettings.to_env(
                **base.settings, **base.starting, state_machine_arn=state_machine.state_machine_arn
            ),
        )
        allow_rows(function, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])
        allow_due_work(function, base.table)  # jobs that wait, of all tenants
        allow_starting(function, state_machine)
        of_a_job = {PK: {"S": [LEASES]}, SK: {"S": [{"prefix": lease("").sk}]}}
        mapping = lambda_.EventSourceMapping(
            self,
            "Stream",
            target=function.function,
            event_source_arn=allow_reading_stream(function, base.table),
            starting_position=lambda_.StartingPosition.LATEST,
            batch_size=100,
            filters=[
                lambda_.FilterCriteria.filter({"eventName": ["REMOVE", "MODIFY"], "dynamodb": {"Keys": of_a_job}})
            ],
            retry_attempts=2,
            max_record_age=Duration.minutes(1),  # then `reconcile` has been there, so no record is kept either
        )
        mapping.node.add_dependency(function.role)
