"""Reading a setting from SSM (moto)."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.parameters import read_parameter
from sluice.domain.errors import ProviderFailure


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ssm", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def test_reads_the_value(ssm: Any) -> None:
    ssm.put_parameter(Name="/sluice/dev/media-base-url", Value="https://media.example", Type="String")
    assert read_parameter(ssm, "/sluice/dev/media-base-url") == "https://media.example"


def test_a_missing_parameter_is_our_failure(ssm: Any) -> None:
    with pytest.raises(ProviderFailure):
        read_parameter(ssm, "/sluice/dev/media-base-url")
