"""Assets and jobs: reading, and reviews."""

from typing import ClassVar

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_listing, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiAssetsSettings


class ApiAssets(Construct):
    ROUTES: ClassVar = (
        Route("GET", "/v1/assets"),
        Route("GET", "/v1/assets/{asset_id}"),
        Route("POST", "/v1/assets/{asset_id}/approve"),
        Route("POST", "/v1/assets/{asset_id}/reject"),
        Route("GET", "/v1/jobs/{job_id}"),
    )

    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        cursor: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, "Assets")
        api = PythonFunction(
            self,
            name="api_assets",
            base=base,
            memory_mb=1024,
            environment=ApiAssetsSettings.to_env(**base.settings, cursor_secret_arn=cursor.secret_arn),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS])
        allow_listing(api, base.table)
        allow_secret(api, cursor.secret_arn)
        self.function = api.function
