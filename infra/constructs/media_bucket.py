"""Buckets that only CloudFront reads for viewers."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config
from infra.constructs.private_bucket import private_bucket

_LOGS = (
    "CloudFront is the only reader for viewers and S3 would log its signed requests; "
    "requests are logged at CloudFront when the account needs it."
)


class MediaBucket(Construct):
    """`media/...` is served with signatures, `playlists/...` is read by `playback` alone.

    No customer-managed KMS key: CloudFront would need a grant that names the distribution, a cycle between stacks.
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            config=config,
            unlogged_because=_LOGS,
            lifecycle_rules=[
                s3.LifecycleRule(  # what tasks of one job leave for each other; the longest job ends before
                    prefix="work/",
                    expiration=Duration.days(3),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            # S3 answers a preflight only with a rule; CloudFront's policy has the last word on the headers
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
                    allowed_origins=["*"],
                    allowed_headers=["*"],
                    max_age=86_400,
                )
            ],
        )


class PlayerBucket(Construct):
    """Static files of the player; rebuilt from the repository at any time, so never kept."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(self, config=config, unlogged_because=_LOGS)
