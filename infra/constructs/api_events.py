"""The feed of events, with requests that wait up to 20 s."""

from typing import ClassVar

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiEventsSettings


class ApiEvents(Construct):
    ROUTES: ClassVar = (Route("GET", "/v1/events"),)

    def __init__(self, scope: Construct, *, base: Foundation, cursor: secretsmanager.ISecret) -> None:
        super().__init__(scope, "Events")
        api = PythonFunction(
            self,
            name="api_events",
            base=base,
            reserved_concurrency=base.config.poll_concurrency,
            environment=ApiEventsSettings.to_env(**base.settings, cursor_secret_arn=cursor.secret_arn),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])  # writes: places to wait in
        allow_secret(api, cursor.secret_arn)
        self.function = api.function
