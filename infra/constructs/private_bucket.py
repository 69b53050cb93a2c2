"""What every bucket here has in common: nobody else's, over TLS only, encrypted by S3, without S3's access logs."""

from typing import Any

from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.removal import data_removal


def private_bucket(scope: Construct, *, config: Config, unlogged_because: str, **properties: Any) -> s3.Bucket:
    bucket = s3.Bucket(
        scope,
        "Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        removal_policy=data_removal(config),
        **properties,
    )
    acknowledge(bucket, {"AwsSolutions-S1": unlogged_because})
    return bucket
