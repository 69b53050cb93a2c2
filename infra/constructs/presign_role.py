"""The role that upload URLs are signed with.

The function's own credentials do not tell when they expire, and a URL dies with them; an AssumeRole session has a
known end.
"""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct


def presign_role(scope: Construct, *, bucket: s3.IBucket, prefix: str, trusted: iam.IRole) -> iam.Role:
    role = iam.Role(
        scope,
        "PresignRole",
        assumed_by=iam.ArnPrincipal(trusted.role_arn),
        description=f"Signs what is sent to {prefix}/",
        max_session_duration=Duration.hours(1),  # more is not possible when a role assumes a role
    )
    role.add_to_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=[bucket.arn_for_objects(f"{prefix}/*")]))
    return role
