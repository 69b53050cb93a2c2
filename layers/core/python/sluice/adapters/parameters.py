"""Settings that are only known once the stacks stand, read from SSM's parameter store."""

from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sluice.domain.errors import ProviderFailure


@cache
def ssm_client() -> Any:
    return boto3.client("ssm")


def read_parameter(client: Any, name: str) -> str:
    """The value of a String parameter. Raises ProviderFailure, also when it does not exist: a deployment fault."""
    try:
        value: str = client.get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        raise ProviderFailure() from error
    return value
