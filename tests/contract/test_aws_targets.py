"""What arrives on a queue and on a bus, and what of their failures reaches the log."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from standardwebhooks import Webhook

from sluice import bootstrap
from sluice.adapters.aws_targets import AwsTargets, connect_once
from sluice.adapters.webhook_signer import StandardWebhooksSigner
from sluice.config import DeliverWebhookSettings, Environment
from sluice.domain.errors import UrlNotAllowed
from sluice.service.webhook_ports import Answer, SendFailed

REGION = "eu-west-1"
ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:films"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/audit"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the standard's example
BODY = '{"id":"evt_1","type":"transcode.ready","data":{"title":"Größe \\" 1.50"},"sequence":6}'


def headers() -> dict[str, str]:
    signed = StandardWebhooksSigner().headers(
        secrets=(SECRET,), message_id="evt_1", sent_at=datetime.now(UTC), body=BODY
    )
    return {**signed, "content-type": "application/json"}


def send(arn: str, *, body: str = BODY, timeout_s: float = 15, targets: AwsTargets | None = None) -> Answer:
    sender = targets or AwsTargets(connect_once())
    return sender.send(arn, headers=headers(), body=body.encode(), timeout_s=timeout_s)


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def queue(aws: None) -> str:
    made: str = boto3.client("sqs", region_name=REGION).create_queue(QueueName="films")["QueueUrl"]
    return made


def received(queue: str) -> list[dict[str, Any]]:
    client = boto3.client("sqs", region_name=REGION)
    answer = client.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
    return list(answer.get("Messages", []))


def test_a_queue_gets_the_bytes_and_the_headers(queue: str) -> None:
    answer = send(QUEUE)
    [message] = received(queue)
    assert message["Body"] == BODY
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.keys() == {"webhook-id", "webhook-timestamp", "webhook-signature", "content-type"}
    assert Webhook(SECRET).verify(message["Body"], attributes)["id"] == attributes["webhook-id"] == "evt_1"
    assert (answer.status, answer.body) == (200, message["MessageId"])


def test_a_bus_gets_an_event_of_its_type(queue: str) -> None:
    events = boto3.client("events", region_name=REGION)
    events.create_event_bus(Name="audit")
    events.put_rule(Name="all", EventBusName="audit", EventPattern=json.dumps({"source": ["sluice"]}))
    events.put_targets(Rule="all", EventBusName="audit", Targets=[{"Id": "films", "Arn": QUEUE}])
    answer = send(BUS)
    [message] = received(queue)
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"], event["detail"]) == ("sluice", "transcode.ready", json.loads(BODY))
    assert (answer.status, answer.body) == (200, event["id"])


def test_another_region_is_another_client(aws: None) -> None:
    far = boto3.client("sqs", region_name="us-west-2")
    url = far.create_queue(QueueName="films")["QueueUrl"]
    assert send(QUEUE.replace(REGION, "us-west-2")).status == 200
    assert [one["Body"] for one in far.receive_message(QueueUrl=url)["Messages"]] == [BODY]


def test_a_queue_that_is_gone_says_so_without_names(aws: None) -> None:
    answer = send(QUEUE)
    assert answer.status == 400 and "NonExistentQueue" in answer.body and "films" not in answer.body


def test_an_event_that_the_bus_refused_is_a_failure(aws: None) -> None:
    boto3.client("events", region_name=REGION).create_event_bus(Name="audit")
    answer = send(BUS, body='{"type":""}')  # the call is a 200 with FailedEntryCount 1
    assert (answer.status, answer.body) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 429), ("InternalFailure", 500), ("AccessDeniedException", 400)]
)
def test_a_refused_entry_has_the_status_of_its_code(code: str, status: int) -> None:
    client = boto3.client("events", region_name=REGION)
    with Stubber(client) as stub:
        stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "x"}]})
        answer = send(BUS, targets=AwsTargets(lambda *_: client))
    assert (answer.status, answer.body) == (status, code)


@pytest.mark.parametrize(("code", "http", "status"), [("RequestThrottled", 403, 429), ("AccessDenied", 403, 403)])
def test_a_throttled_call_is_a_429(code: str, http: int, status: int) -> None:
    client = boto3.client("sqs", region_name=REGION)
    with Stubber(client) as stub:
        role = "User: arn:aws:sts::1:assumed-role/ours is not authorized"
        stub.add_client_error("send_message", code, role, http_status_code=http)
        answer = send(QUEUE, targets=AwsTargets(lambda *_: client))
    assert (answer.status, answer.body) == (status, code)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def failure(scheme: str, port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{scheme}://127.0.0.1:{port}")
    with pytest.raises(SendFailed) as caught:
        send(QUEUE, timeout_s=0.6)
    return caught.value.failure


def test_silence_ends_in_time_and_is_asked_once(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failure("http", listener.getsockname()[1], monkeypatch) == "timeout"
    listener.accept()[0].close()
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert failure("http", port, monkeypatch) == "connection"


def test_no_tls(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(4_096)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = Thread(target=answer)
    server.start()
    assert failure("https", listener.getsockname()[1], monkeypatch) == "tls"
    server.join()


def test_the_setting_reaches_the_sender(queue: str) -> None:
    mine, other = "ten_" + "0" * 26, "ten_" + "1" * 26
    settings = DeliverWebhookSettings(
        environment=Environment.DEV,
        table_name="sluice",
        delivery_queue_url=queue,
        dead_letter_queue_url=queue,
        webhook_key_arn="arn:aws:kms:eu-west-1:123456789012:key/1",
        webhook_targets=json.dumps({"films": {"arn": QUEUE, "tenants": [mine]}}),
    )
    sender = bootstrap.deliver_webhook(settings).sender
    sender.check_url("alias:films", tenant_id=mine)
    with pytest.raises(UrlNotAllowed):
        sender.post("alias:films", tenant_id=other, headers=headers(), body=BODY.encode(), timeout_s=15)
    assert received(queue) == []
    sender.post("alias:films", tenant_id=mine, headers=headers(), body=BODY.encode(), timeout_s=15)
    assert [message["Body"] for message in received(queue)] == [BODY]
