"""ECR as the CDK command line uses it before it would build an image: DescribeRepositories, then DescribeImages.

The first is authorised on the repository that it names, not on `*`. The second answers an unknown tag without an error,
so the command line takes the image as published and calls no docker; RunTask maps its URI to a local program.
"""

import json
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

iam_actions = engine_module("core.iam_actions", "extract_resource_arn")
engine_module("services.ecr", "_describe_images")


def install() -> None:
    wrap(iam_actions, "extract_resource_arn", on_named_repository)


def on_named_repository(original: Any) -> Any:
    def resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        params: Any,
        region: str,
        account: str,
    ) -> str:
        names = _repository_names(body) if service == "ecr" else []
        if len(names) == 1:
            return f"arn:aws:ecr:{region}:{account}:repository/{names[0]}"
        return str(original(service, method, path, headers, body, params, region, account))

    return resource_arn


def _repository_names(body: bytes) -> list[str]:
    try:
        return list(json.loads(body or b"{}").get("repositoryNames") or [])
    except ValueError:
        return []
