"""Renders playlists with signed segment URLs; reachable through CloudFront only."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, allow_denials, allow_parameter, allow_reading, allow_rows, allow_secret
from infra.constructs.python_function import PythonFunction
from infra.constructs.signing_keys import SigningKeys
from sluice.config import PlaybackSettings


class Playback(Construct):
    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        media: s3.IBucket,
        keys: SigningKeys,
    ) -> None:
        super().__init__(scope, "PlaybackOrigin")
        function = PythonFunction(
            self,
            name="playback",
            base=base,
            reserved_concurrency=base.config.reserved_concurrency,
            memory_mb=1024,  # a viewer waits for the first answer
            environment=PlaybackSettings.to_env(
                **base.settings,
                media_bucket=media.bucket_name,
                token_secret_arn=keys.token_secret_arn,
                url_signing_secret_arn=keys.url_signing_secret_arn,
                key_pair_id=keys.key_pair_id,
                media_base_url_parameter=base.config.media_base_url_parameter,
                media_base_url_digest=base.config.media_base_url_digest,
            ),
        )
        allow_rows(function, base.table, READ_ROWS)
        allow_denials(function, base.table)
        allow_reading(function, media, "playlists")
        allow_secret(function, keys.token_secret_arn, keys.url_signing_secret_arn)
        allow_parameter(function, base.config.media_base_url_parameter)
        self.url = function.function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)
