"""The record stores that pass the same suites: the in-memory one and DynamoDB's."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from sluice import table
from sluice.adapters.records import DynamoRecords
from sluice.service.ports import Records
from tests.fakes.records import FakeRecords


@pytest.fixture
def dynamo() -> Iterator[DynamoRecords]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        names = [table.PK, table.SK, table.LIST_PK, table.LIST_SK, table.DUE_PK, table.DUE_SK]

        def keys(pk: str, sk: str) -> list[dict[str, str]]:
            return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]

        def index(name: str, pk: str, sk: str) -> dict[str, object]:
            return {"IndexName": name, "KeySchema": keys(pk, sk), "Projection": {"ProjectionType": "KEYS_ONLY"}}

        client.create_table(
            TableName="sluice",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=keys(table.PK, table.SK),
            GlobalSecondaryIndexes=[
                index(table.LIST_INDEX, table.LIST_PK, table.LIST_SK),
                index(table.DUE_INDEX, table.DUE_PK, table.DUE_SK),
            ],
        )
        yield DynamoRecords(client, "sluice")


@pytest.fixture(params=["fake", "dynamo"])
def records(request: pytest.FixtureRequest) -> Records:
    return FakeRecords() if request.param == "fake" else request.getfixturevalue("dynamo")
