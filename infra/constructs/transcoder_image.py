"""The transcoder's image: built from the repository, or a digest for deployers without Docker."""

import re

from aws_cdk import IgnoreMode, Stack
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Config
from infra.constructs.layers import REPOSITORY

# The build context, as .dockerignore rules: everything out, then what the Dockerfile copies back in.
CONTEXT_RULES = [
    "**",
    "!functions/transcoder",
    "!functions/transcoder/**",
    "!layers/core/python",
    "!layers/core/python/**",
    "!requirements/transcoder.txt",
    "**/__pycache__",
    "**/*.pyc",
]
PRIVATE_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^@:]+)@")


def transcoder_image(scope: Construct, config: Config) -> ecs.ContainerImage:
    if config.transcoder_image:
        return ecs.ContainerImage.from_registry(config.transcoder_image)
    arm64 = config.architecture == "arm64"
    return ecs.ContainerImage.from_docker_image_asset(
        assets.DockerImageAsset(
            scope,
            "Image",
            directory=str(REPOSITORY),
            file="functions/transcoder/Dockerfile",
            exclude=CONTEXT_RULES,
            ignore_mode=IgnoreMode.DOCKER,
            platform=assets.Platform.LINUX_ARM64 if arm64 else assets.Platform.LINUX_AMD64,
        )
    )


def allow_private_pull(scope: Construct, config: Config, execution_role: iam.IRole) -> None:
    """A digest in a private ECR repository needs what CDK grants by itself only for images that it builds."""
    found = PRIVATE_ECR.match(config.transcoder_image or "")
    if not found:
        return
    repository = Stack.of(scope).format_arn(
        service="ecr",
        account=found["account"],
        region=found["region"],
        resource="repository",
        resource_name=found["name"],
    )
    for actions, resource in (
        (["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], repository),
        (["ecr:GetAuthorizationToken"], "*"),
    ):
        execution_role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
