"""ECR as the CDK command line asks it about an image asset."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.engine import Engine
from infra.local.templates import create_stack
from tests.contract.engine.resources import allow, attribute, resource, role
from tests.contract.engine.sessions import assumed


@pytest.fixture(scope="module")
def publisher(engine: Engine) -> Any:
    """A client that may look at the repository `assets` alone."""
    template = {
        "Assets": resource("ECR::Repository", RepositoryName="assets"),
        "Other": resource("ECR::Repository", RepositoryName="other"),
        "Role": role("lambda", allow(["ecr:DescribeRepositories", "ecr:DescribeImages"], attribute("Assets", "Arn"))),
    }
    made = create_stack(engine, "registry", template, {"Role": attribute("Role", "Arn")})
    return assumed(engine, made["Role"], "ecr")


def test_describe_repositories_is_authorised_on_the_one_it_names(publisher: Any) -> None:
    found = publisher.describe_repositories(repositoryNames=["assets"])["repositories"]
    assert [repository["repositoryName"] for repository in found] == ["assets"]
    for names in (["other"], ["assets", "other"]):
        with pytest.raises(ClientError, match="ecr:DescribeRepositories"):
            publisher.describe_repositories(repositoryNames=names)


def test_an_unknown_image_is_no_error_so_that_the_command_line_builds_none(publisher: Any) -> None:
    answer = publisher.describe_images(repositoryName="assets", imageIds=[{"imageTag": "no-such-asset"}])
    assert answer["imageDetails"] == []
