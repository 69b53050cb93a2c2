"""Where browsers and phones put their originals, part by part."""

from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config
from infra.constructs.private_bucket import private_bucket

_LOGS = (
    "Objects come by presigned URLs only; access logs would store those URLs and cost more than the bucket. "
    "CloudTrail data events are the account's choice."
)


class UploadBucket(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            config=config,
            unlogged_because=_LOGS,
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.PUT],
                    allowed_origins=list(config.allowed_origins),
                    allowed_headers=["*"],
                    exposed_headers=["ETag"],  # the client sends each part's ETag back when it resumes
                    max_age=3600,
                )
            ],
            lifecycle_rules=[
                # one day more than the longest upload lives, so that S3 never takes parts of an open one
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(8)),
                # what was made of them stands in the media bucket; these may say where they were taken
                s3.LifecycleRule(prefix="thumbnails/", expiration=Duration.days(1)),
            ],
        )
        # The L2 flag event_bridge_enabled would add a custom resource with a Lambda of its own.
        cast(
            s3.CfnBucket, self.bucket.node.default_child
        ).notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
