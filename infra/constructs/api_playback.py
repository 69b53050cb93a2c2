"""Playback sessions: the signed URLs that an application hands to its viewers."""

from typing import ClassVar

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.config import Config
from infra.constructs.grants import READ_ROWS, allow_parameter, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.layers import Layers
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiPlaybackSettings


class ApiPlayback(Construct):
    ROUTES: ClassVar = (Route("POST", "/v1/playback-sessions"),)

    def __init__(
        self, scope: Construct, *, config: Config, layers: Layers, table: dynamodb.ITable, token_secret_arn: str
    ) -> None:
        super().__init__(scope, "PlaybackSessions")
        api = PythonFunction(
            self,
            name="api_playback",
            config=config,
            layers=layers,
            memory_mb=1024,
            environment=ApiPlaybackSettings.to_env(
                environment=config.environment,
                table_name=table.table_name,
                token_secret_arn=token_secret_arn,
                media_base_url_parameter=config.media_base_url_parameter,
            ),
        )
        allow_rows(api, table, READ_ROWS)
        allow_secret(api, token_secret_arn)
        allow_parameter(api, config.media_base_url_parameter)
        self.function = api.function
