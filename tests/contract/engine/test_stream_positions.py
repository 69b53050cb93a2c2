"""A table's stream over a restart: the event source goes on with the first new record."""

from pathlib import Path

from infra.local.engine import Engine
from infra.local.templates import create_stack
from tests.contract.engine.conftest import IMAGE, Eventually
from tests.contract.engine.resources import Resource, allow, attribute, function, ref, resource, role

TO_QUEUE = """
import boto3, os
queue = boto3.client("sqs")
def handler(event, context):
    for record in event["Records"]:
        queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=record["dynamodb"]["Keys"]["pk"]["S"])
"""
BEFORE = 5  # more records than come after the restart


def template() -> dict[str, Resource]:
    streams = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
    return {
        "Table": resource(
            "DynamoDB::Table",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        ),
        "Queue": resource("SQS::Queue"),
        "Role": role(
            "lambda",
            allow(streams, attribute("Table", "StreamArn")),
            allow(["sqs:SendMessage"], attribute("Queue", "Arn")),
        ),
        "Function": function(TO_QUEUE, "Role", Environment={"Variables": {"QUEUE": ref("Queue")}}),
        "Source": resource(
            "Lambda::EventSourceMapping",
            EventSourceArn=attribute("Table", "StreamArn"),
            FunctionName=ref("Function"),
            StartingPosition="TRIM_HORIZON",
        ),
    }


def told(engine: Engine, queue_url: str, seen: set[str]) -> set[str]:
    """`seen`, and what the function sent since."""
    answer = engine.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    seen |= {message["Body"] for message in answer.get("Messages", [])}
    return seen


def test_an_event_source_reads_on_after_a_restart(tmp_path: Path, eventually: Eventually) -> None:
    def put(engine: Engine, key: str) -> None:
        engine.client("dynamodb").put_item(TableName=made["Table"], Item={"pk": {"S": key}})

    seen: set[str] = set()
    with Engine(tmp_path, images=[IMAGE]) as first:
        made = create_stack(first, "stream", template(), {name: ref(name) for name in ("Table", "Queue")})
        names = {f"before-{number}" for number in range(BEFORE)}
        for name in names:
            put(first, name)
        eventually(lambda: told(first, made["Queue"], seen) == names)

    with Engine(tmp_path, images=[IMAGE]) as second:
        put(second, "after")
        assert eventually(lambda: "after" in told(second, made["Queue"], seen))
