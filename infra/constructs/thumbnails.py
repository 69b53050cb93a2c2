"""Chosen posters: the function that makes their pictures, and what calls it.

It is called without waiting, by the API and by EventBridge. Lambda keeps such calls in a queue of its own, so that no
queue of ours is polled day and night for something that happens seldom. Like the fast lane it parses hostile files: its
own role reaches rows and no object.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_rows, deny_lookups
from infra.constructs.python_function import PythonFunction, function_role
from infra.constructs.storage_role import storage_role
from infra.constructs.work_queue import dead_letter_queue
from sluice.config import MakeThumbnailSettings

TIMEOUT_S = 60
MEMORY_MB = 1769  # one whole processor: a frame of 4K is decoded from the beginning of its segment
STORAGE_GIB = 1  # a segment of 10 s and its copy
KEPT_FOR = Duration.minutes(30)  # later, `reconcile` has failed the thumbnail


class Thumbnails(Construct):
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
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        role = function_role(self, name="make_thumbnail", config=base.config)
        storage = self._storage(uploads, media, trusted=role)
        making = PythonFunction(
            self,
            name="make_thumbnail",
            role=role,
            base=base,
            timeout_s=TIMEOUT_S,
            memory_mb=MEMORY_MB,
            storage_gib=STORAGE_GIB,
            extra_layers=[programs],
            environment=MakeThumbnailSettings.to_env(
                **base.settings,
                uploads_bucket=uploads.bucket_name,
                media_bucket=media.bucket_name,
                storage_role_arn=storage.role_arn,
                demands_sandbox=base.config.demands_sandbox,
            ),
        )
        making.allow(["sts:AssumeRole"], [storage.role_arn])
        allow_rows(making, base.table, [*READ_ROWS, *WRITE_ROWS])
        deny_lookups(role, base.table, [*READ_ROWS, *WRITE_ROWS])
        self.function = making.function
        self.function.configure_async_invoke(
            retry_attempts=2, max_event_age=KEPT_FOR, on_failure=SqsDestination(self.dead_letters)
        )
        self._call_for(uploads)

    def _storage(self, uploads: s3.IBucket, media: s3.IBucket, *, trusted: iam.IRole) -> iam.Role:
        return storage_role(
            self,
            description="Reads one picture or rendition, writes one picture",
            trusted=trusted,
            reads=[(uploads, "thumbnails"), (media, "media"), (media, "playlists")],
            writes=[(media, "media")],
        )

    def _call_for(self, uploads: s3.IBucket) -> None:
        events.Rule(
            self,
            "PictureSent",
            description="Pictures that reached the uploads bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [uploads.bucket_name]}, "object": {"key": [{"prefix": "thumbnails/"}]}},
            ),
            targets=[
                targets.LambdaFunction(
                    self.function, dead_letter_queue=self.dead_letters, max_event_age=KEPT_FOR, retry_attempts=5
                )
            ],
        )
