"""The fast lane: a function that publishes standard sources while a task for their job is only starting.

It parses hostile files. So its own role reaches rows and no object; objects come through a second role, which each call
takes under a session policy of one source and one version.
"""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_rows, deny_lookups
from infra.constructs.python_function import PythonFunction, function_role
from infra.constructs.storage_role import storage_role
from sluice.config import PublishEarlySettings

TIMEOUT_S = 300
STORAGE_GIB = 10  # the most there is


class FastLane(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        uploads: s3.IBucket,
        media: s3.IBucket,
        programs: lambda_.ILayerVersion,
    ) -> None:
        super().__init__(scope, construct_id)
        config = base.config
        role = function_role(self, name="publish_early", config=config)
        storage = self._storage(uploads, media, trusted=role)
        function = PythonFunction(
            self,
            name="publish_early",
            role=role,
            base=base,
            timeout_s=TIMEOUT_S,
            memory_mb=config.fast_lane_memory_mb,
            storage_gib=STORAGE_GIB,
            extra_layers=[programs],
            environment=PublishEarlySettings.to_env(
                **base.settings,
                uploads_bucket=uploads.bucket_name,
                media_bucket=media.bucket_name,
                storage_role_arn=storage.role_arn,
                max_source_bytes=config.fast_lane_max_bytes,
                demands_sandbox=config.demands_sandbox,
            ),
        )
        function.allow(["sts:AssumeRole"], [storage.role_arn])
        allow_rows(function, base.table, [*READ_ROWS, *WRITE_ROWS])
        deny_lookups(role, base.table, [*READ_ROWS, *WRITE_ROWS])
        self.function = function.function

    def _storage(self, uploads: s3.IBucket, media: s3.IBucket, *, trusted: iam.IRole) -> iam.Role:
        return storage_role(
            self,
            description="Reads one upload, writes one version",
            trusted=trusted,
            reads=[(uploads, "uploads")],
            writes=[(media, "media"), (media, "playlists")],
        )
