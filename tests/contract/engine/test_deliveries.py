"""What triggers a function: S3 events by EventBridge and SQS, table streams, custom resources."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.engine import Engine
from infra.local.templates import StackFailed, create_stack, update_stack
from tests.contract.engine.conftest import Eventually
from tests.contract.engine.resources import Resource, allow, attribute, function, ref, resource, role

RECORD = """
import boto3, json, os
table = boto3.resource("dynamodb").Table(os.environ["SEEN"])
def seen(kind, key, value):
    table.put_item(Item={"pk": kind, "sk": key, "value": json.dumps(value, default=str)})
"""
ON_OBJECT = (
    RECORD
    + """
def handler(event, context):
    for record in event["Records"]:
        seen("object", record["messageId"], json.loads(record["body"]))
"""
)
HALF_FAILING = (
    RECORD
    + """
def handler(event, context):
    failed = []
    for record in event["Records"]:
        count = int(record["attributes"]["ApproximateReceiveCount"])
        seen("message", f"{record['body']}#{count}", record["attributes"])
        if record["body"] == "bad" and count < 2:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
)
ON_STREAM = (
    RECORD
    + """
def handler(event, context):
    for record in event["Records"]:
        seen("stream", record["dynamodb"]["Keys"]["sk"]["S"], record)
    return {"batchItemFailures": []}
"""
)
ON_RESOURCE = """
import json, urllib.request
def handler(event, context):
    try:
        value = event["ResourceProperties"]["Value"]
        if value == "refuse":
            raise ValueError("refused")
        answer = {"Status": "SUCCESS", "Data": {"Doubled": value * 2}}
    except Exception as error:
        answer = {"Status": "FAILED", "Reason": str(error)}
    answer |= {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer["PhysicalResourceId"] = event.get("PhysicalResourceId", "made-once")
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""
KEYS = [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}]
SCHEMA = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


def table(**properties: Any) -> Resource:
    return resource(
        "DynamoDB::Table", AttributeDefinitions=KEYS, KeySchema=SCHEMA, BillingMode="PAY_PER_REQUEST", **properties
    )


def recorder(code: str) -> Resource:
    return function(code, "Role", Environment={"Variables": {"SEEN": ref("Seen")}})


def queue_source(queue_id: str, function_id: str) -> Resource:
    return resource(
        "Lambda::EventSourceMapping",
        EventSourceArn=attribute(queue_id, "Arn"),
        FunctionName=ref(function_id),
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def reading_role() -> Resource:
    queue_reading = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
    streams = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
    return role(
        "lambda",
        allow(["dynamodb:PutItem"], attribute("Seen", "Arn")),
        allow(queue_reading, [attribute("Objects", "Arn"), attribute("Messages", "Arn")]),
        allow(streams, attribute("Source", "StreamArn")),
    )


def objects_to_queue() -> dict[str, Resource]:
    """Bucket -> EventBridge rule -> queue."""
    to_queue = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attribute("Objects", "Arn"),
    }
    policy = {"Version": "2012-10-17", "Statement": [to_queue]}
    created = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [ref("Bucket")]}, "object": {"key": [{"prefix": "uploads/"}]}},
    }
    by_event_bridge = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    target = {"Id": "queue", "Arn": attribute("Objects", "Arn")}
    return {
        "Bucket": resource("S3::Bucket", NotificationConfiguration=by_event_bridge),
        "Objects": resource("SQS::Queue"),
        "ObjectsPolicy": resource("SQS::QueuePolicy", Queues=[ref("Objects")], PolicyDocument=policy),
        "OnCreated": resource("Events::Rule", EventPattern=created, Targets=[target]),
    }


def template() -> dict[str, Resource]:
    inserted_events = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "EVENT#"}]}}}}
    return {
        "Role": reading_role(),
        "Seen": table(),
        **objects_to_queue(),
        "OnObject": recorder(ON_OBJECT),
        "ObjectSource": queue_source("Objects", "OnObject"),
        "Messages": resource("SQS::Queue", VisibilityTimeout=5),
        "HalfFailing": recorder(HALF_FAILING),
        "MessageSource": queue_source("Messages", "HalfFailing"),
        "Source": table(StreamSpecification={"StreamViewType": "NEW_IMAGE"}),
        "OnStream": recorder(ON_STREAM),
        "StreamSource": resource(
            "Lambda::EventSourceMapping",
            EventSourceArn=attribute("Source", "StreamArn"),
            FunctionName=ref("OnStream"),
            StartingPosition="TRIM_HORIZON",
            FilterCriteria={"Filters": [{"Pattern": json.dumps(inserted_events)}]},
        ),
    }


@dataclass
class Deliveries:
    engine: Engine
    eventually: Eventually
    outputs: dict[str, str]

    def seen(self, kind: str) -> dict[str, Any]:
        """What the functions recorded of one kind: key -> value."""
        found = self.engine.client("dynamodb").query(
            TableName=self.outputs["Seen"],
            KeyConditionExpression="pk = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )
        return {item["sk"]["S"]: json.loads(item["value"]["S"]) for item in found["Items"]}


@pytest.fixture(scope="module")
def deliveries(engine: Engine, eventually: Eventually) -> Deliveries:
    outputs = {name: ref(name) for name in ("Seen", "Source", "Bucket", "Messages", "HalfFailing")}
    return Deliveries(engine, eventually, create_stack(engine, "deliveries", template(), outputs))


def test_an_object_s_creation_reaches_a_function_through_rule_and_queue(deliveries: Deliveries) -> None:
    s3, bucket = deliveries.engine.client("s3"), deliveries.outputs["Bucket"]
    s3.put_object(Bucket=bucket, Key="elsewhere/x", Body=b"unseen")
    upload = {"Bucket": bucket, "Key": "uploads/ten_1/a b+c", "UploadId": ""}
    upload["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key=upload["Key"])["UploadId"]
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"12345")["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    (event,) = deliveries.eventually(lambda: deliveries.seen("object")).values()
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["object"]["key"] == "uploads/ten_1/a b+c"  # not URL-encoded, unlike direct notifications
    assert event["detail"]["object"]["size"] == 5
    assert event["detail"]["reason"] == "CompleteMultipartUpload"


def test_only_the_failed_messages_of_a_batch_come_again(deliveries: Deliveries) -> None:
    function_name = deliveries.outputs["HalfFailing"]
    deliveries.engine.client("lambda").invoke(FunctionName=function_name, Payload=b'{"Records": []}')  # its cold start
    entries = [{"Id": body, "MessageBody": body} for body in ("good", "bad")]
    deliveries.engine.client("sqs").send_message_batch(QueueUrl=deliveries.outputs["Messages"], Entries=entries)
    deliveries.eventually(lambda: "bad#2" in deliveries.seen("message"))
    assert set(deliveries.seen("message")) == {"good#1", "bad#1", "bad#2"}


def test_a_table_s_stream_is_filtered(deliveries: Deliveries) -> None:
    client, name = deliveries.engine.client("dynamodb"), deliveries.outputs["Source"]

    def put(sort_key: str, **values: str) -> None:
        attributes = {name: {"S": value} for name, value in {"pk": "p", "sk": sort_key, **values}.items()}
        client.put_item(TableName=name, Item=attributes)

    put("ASSET")
    put("EVENT#1", type="first")
    put("EVENT#1", type="changed")  # MODIFY: filtered out
    put("EVENT#2")
    deliveries.eventually(lambda: "EVENT#2" in deliveries.seen("stream"))
    records = deliveries.seen("stream")
    assert set(records) == {"EVENT#1", "EVENT#2"}
    assert records["EVENT#1"]["dynamodb"]["NewImage"]["type"] == {"S": "first"}


def test_a_custom_resource_answers_and_updates(engine: Engine) -> None:
    def resources(value: str) -> dict[str, Resource]:
        properties = {"ServiceToken": attribute("OnResource", "Arn"), "ServiceTimeout": 30, "Value": value}
        custom = {"Type": "Custom::Doubled", "Properties": properties}
        return {"Role": role("lambda"), "OnResource": function(ON_RESOURCE, "Role"), "Custom": custom}

    outputs = {"Doubled": attribute("Custom", "Doubled"), "Id": ref("Custom")}
    assert create_stack(engine, "custom", resources("ab"), outputs) == {"Doubled": "abab", "Id": "made-once"}
    assert update_stack(engine, "custom", resources("cd"), outputs) == {"Doubled": "cdcd", "Id": "made-once"}
    with pytest.raises(StackFailed, match="refused"):
        update_stack(engine, "custom", resources("refuse"), outputs)
