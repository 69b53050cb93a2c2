"""Assets and jobs: reading."""

from typing import ClassVar

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import Config
from infra.constructs.grants import READ_ROWS, allow_listing, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.layers import Layers
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiAssetsSettings


class ApiAssets(Construct):
    ROUTES: ClassVar = (
        Route("GET", "/v1/assets"),
        Route("GET", "/v1/assets/{asset_id}"),
        Route("GET", "/v1/jobs/{job_id}"),
    )

    def __init__(
        self,
        scope: Construct,
        *,
        config: Config,
        layers: Layers,
        table: dynamodb.ITable,
        cursor: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, "Assets")
        api = PythonFunction(
            self,
            name="api_assets",
            config=config,
            layers=layers,
            memory_mb=1024,
            environment=ApiAssetsSettings.to_env(
                environment=config.environment, table_name=table.table_name, cursor_secret_arn=cursor.secret_arn
            ),
        )
        allow_rows(api, table, READ_ROWS)
        allow_listing(api, table)
        allow_secret(api, cursor.secret_arn)
        self.function = api.function
