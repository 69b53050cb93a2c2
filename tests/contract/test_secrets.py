"""Secrets Manager (moto): read once, refreshed, and held on to while it fails."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.secrets import SecretsManager
from sluice.domain.errors import ProviderFailure


class FakeSeconds:
    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-west-1")


def test_a_secret_is_read_again_after_five_minutes(client: Any) -> None:
    arn, clock = client.create_secret(Name="pepper", SecretString="one")["ARN"], FakeSeconds()
    secrets = SecretsManager(client, clock_s=clock)
    assert secrets.read(arn) == "one"
    client.put_secret_value(SecretId=arn, SecretString="two")
    clock.value += 299
    assert secrets.read(arn) == "one"
    clock.value += 1
    assert secrets.read(arn) == "two"


def test_the_known_value_outlives_a_failure(client: Any) -> None:
    arn, clock = client.create_secret(Name="pepper", SecretString="one")["ARN"], FakeSeconds()
    secrets = SecretsManager(client, clock_s=clock)
    secrets.read(arn)
    client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    clock.value += 1000
    assert secrets.read(arn) == "one"


def test_a_missing_secret_is_our_failure(client: Any) -> None:
    with pytest.raises(ProviderFailure):
        SecretsManager(client).read("arn:aws:secretsmanager:eu-west-1:123456789012:secret:none-AbCdEf")
