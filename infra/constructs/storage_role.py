"""The role that a function which parses hostile files takes to reach objects: its own role reaches none.

Each call takes it under a session policy of what this one piece of work needs.
"""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

Prefix = tuple[s3.IBucket, str]  # without the slash behind it


def storage_role(
    scope: Construct, *, description: str, trusted: iam.IRole, reads: Sequence[Prefix], writes: Sequence[Prefix]
) -> iam.Role:
    role = iam.Role(
        scope,
        "StorageRole",
        assumed_by=iam.ArnPrincipal(trusted.role_arn),
        description=description,
        max_session_duration=Duration.hours(1),
    )
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=_objects(reads)))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=_objects(writes)))
    return role


def _objects(prefixes: Sequence[Prefix]) -> list[str]:
    return [bucket.arn_for_objects(f"{prefix}/*") for bucket, prefix in prefixes]
