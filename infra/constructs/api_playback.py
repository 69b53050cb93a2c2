"""Playback sessions: the signed URLs that an application hands to its viewers."""

from typing import ClassVar

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, allow_parameter, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiPlaybackSettings


class ApiPlayback(Construct):
    ROUTES: ClassVar = (Route("POST", "/v1/playback-sessions"),)

    def __init__(self, scope: Construct, *, base: Foundation, token_secret_arn: str) -> None:
        super().__init__(scope, "PlaybackSessions")
        api = PythonFunction(
            self,
            name="api_playback",
            base=base,
            memory_mb=1024,
            environment=ApiPlaybackSettings.to_env(
                **base.settings,
                token_secret_arn=token_secret_arn,
                media_base_url_parameter=base.config.media_base_url_parameter,
                media_base_url_digest=base.config.media_base_url_digest,
            ),
        )
        allow_rows(api, base.table, READ_ROWS)
        allow_secret(api, token_secret_arn)
        allow_parameter(api, base.config.media_base_url_parameter)
        self.function = api.function
