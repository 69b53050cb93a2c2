"""Assets and jobs: reading, reviews, transcoding again, cancelling; and what is told of them."""

from typing import ClassVar

from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import (
    DELETE_ROWS,
    READ_ROWS,
    WRITE_ROWS,
    allow_listing,
    allow_reading,
    allow_rows,
    allow_secret,
)
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from infra.constructs.workflow import allow_starting, allow_stopping
from sluice.config import ApiAssetsSettings


class ApiAssets(Construct):
    ROUTES: ClassVar = (
        Route("GET", "/v1/assets"),
        Route("GET", "/v1/assets/{asset_id}"),
        Route("POST", "/v1/assets/{asset_id}/approve"),
        Route("POST", "/v1/assets/{asset_id}/reject"),
        Route("POST", "/v1/assets/{asset_id}/retry"),
        Route("GET", "/v1/jobs"),
        Route("GET", "/v1/jobs/{job_id}"),
        Route("POST", "/v1/jobs/{job_id}/cancel"),
        Route("GET", "/v1/assets/{asset_id}/timeline"),
        Route("GET", "/v1/event-types"),
    )

    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        cursor: secretsmanager.ISecret,
        uploads: s3.IBucket,
        transcodes: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, "Assets")
        api = PythonFunction(
            self,
            name="api_assets",
            base=base,
            memory_mb=1024,
            environment=ApiAssetsSettings.to_env(
                **base.settings,
                **base.starting,
                cursor_secret_arn=cursor.secret_arn,
                uploads_bucket=uploads.bucket_name,
                state_machine_arn=transcodes.state_machine_arn,
            ),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])  # a cancelled job gives its lease back
        allow_listing(api, base.table)
        allow_secret(api, cursor.secret_arn)
        allow_reading(api, uploads, "uploads")  # is the original still there?
        allow_starting(api, transcodes)
        allow_stopping(api, f"{base.config.prefix}-transcode")
        self.function = api.function
