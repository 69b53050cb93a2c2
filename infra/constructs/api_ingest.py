"""Files that we fetch ourselves: assets made from URLs, one by one or in batches."""

from typing import ClassVar

from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import COUNT_ROWS, DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_rows
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from infra.constructs.workflow import allow_starting
from sluice.config import ApiIngestSettings


class ApiIngest(Construct):
    # a colon stands in a route's literal part only: `/v1/assets/{asset_id}` does not take `/v1/assets:batch`
    ROUTES: ClassVar = (Route("POST", "/v1/assets"), Route("POST", "/v1/assets:batch"))

    def __init__(self, scope: Construct, *, base: Foundation, uploads: s3.IBucket, fetches: sfn.IStateMachine) -> None:
        super().__init__(scope, "Ingest")
        config = base.config
        api = PythonFunction(
            self,
            name="api_ingest",
            base=base,
            memory_mb=1769,  # one whole vCPU, for batches of a thousand
            environment=ApiIngestSettings.to_env(
                **base.settings,
                uploads_bucket=uploads.bucket_name,
                fetch_state_machine_arn=fetches.state_machine_arn,
                ingest_buckets=",".join(config.ingest_buckets),
                plain_http=config.ingest_plain_http,
                allow_loopback=config.allow_loopback,
            ),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *COUNT_ROWS, *DELETE_ROWS])
        allow_starting(api, fetches)
        self.function = api.function
