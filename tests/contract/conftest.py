"""The record stores that pass the same suites: the in-memory one and DynamoDB's."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.records import DynamoRecords
from sluice.service.ports import Records
from tests.contract.tables import create_table
from tests.fakes.records import FakeRecords


@pytest.fixture
def dynamo() -> Iterator[DynamoRecords]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_table(client, "sluice")
        yield DynamoRecords(client, "sluice")


@pytest.fixture(params=["fake", "dynamo"])
def records(request: pytest.FixtureRequest) -> Records:
    return FakeRecords() if request.param == "fake" else request.getfixturevalue("dynamo")
