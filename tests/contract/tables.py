"""The product's table, as the data stack makes it, for a DynamoDB without stacks."""

from typing import Any

from sluice import table


def create_table(client: Any, name: str) -> None:
    names = [table.PK, table.SK, table.LIST_PK, table.LIST_SK, table.DUE_PK, table.DUE_SK]

    def keys(pk: str, sk: str) -> list[dict[str, str]]:
        return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]

    def index(name: str, pk: str, sk: str) -> dict[str, object]:
        return {"IndexName": name, "KeySchema": keys(pk, sk), "Projection": {"ProjectionType": "KEYS_ONLY"}}

    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in names],
        KeySchema=keys(table.PK, table.SK),
        GlobalSecondaryIndexes=[
            index(table.LIST_INDEX, table.LIST_PK, table.LIST_SK),
            index(table.DUE_INDEX, table.DUE_PK, table.DUE_SK),
        ],
    )
