"""Where browsers and phones put their originals, part by part."""

from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.removal import data_removal


class UploadBucket(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
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
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(8))
            ],
            removal_policy=data_removal(config),
        )
        # The L2 flag event_bridge_enabled would add a custom resource with a Lambda of its own.
        cast(
            s3.CfnBucket, self.bucket.node.default_child
        ).notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "Objects come by presigned URLs only; access logs would store those URLs and cost "
                "more than the bucket. CloudTrail data events are the account's choice."
            },
        )
