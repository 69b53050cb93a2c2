"""Sends events to SQS queues and EventBridge buses of the operator, in whatever region and account they are.

An answer of AWS's is an answer like an endpoint's. Of an error only the code is passed on: its message names our role.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

from sluice.adapters.deadline_socket import Deadline
from sluice.service.webhook_ports import Answer, SendFailed

SOURCE = "sluice"  # of every event on a bus
THROTTLED = 429
_THROTTLES = frozenset({"ThrottlingException", "Throttling", "RequestThrottled", "KmsThrottled"})
_INTERNAL = frozenset({"InternalFailure", "InternalException"})
_lock = Lock()  # boto3 makes its clients in one thread at a time

Connect = Callable[[str, str, float], Any]  # service, region, seconds


class Arn(NamedTuple):
    service: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> "Arn":
        return cls(*arn.split(":", 5)[2:])


class Refused(Exception):
    """AWS took the call, but not the event."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def status(self) -> int:
        return 500 if self.code in _INTERNAL else 400


def connect_once() -> Connect:
    """Clients that are made once per region, with no tries of their own: the schedule of deliveries repeats."""

    @cache
    def client(service: str, region: str, timeout_s: float) -> Any:
        third = timeout_s / 3  # connecting and reading have a limit each; together they keep the sender's
        once = Config(connect_timeout=third, read_timeout=2 * third, retries={"total_max_attempts": 1})
        make: Callable[..., Any] = boto3.client  # its stubs know services as literals only
        return make(service, region_name=region, config=once)

    def connect(service: str, region: str, timeout_s: float) -> Any:
        with _lock:
            return client(service, region, timeout_s)

    return connect


class AwsTargets:
    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def send(self, arn: str, *, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """The answer's body is the id that AWS gave the message or event. Raises SendFailed."""
        deadline = Deadline(timeout_s)
        target = Arn.parse(arn)
        client = self._connect(target.service, target.region, timeout_s)
        try:
            if target.service == "sqs":
                accepted = _send_message(client, target, headers, body.decode())
            else:
                accepted = _put_event(client, arn, body.decode())
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            return _refusal(error.response["Error"]["Code"], status, deadline)
        except Refused as error:
            return _refusal(error.code, error.status, deadline)
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise SendFailed("timeout", deadline.elapsed_ms()) from error
        except SSLError as error:
            raise SendFailed("tls", deadline.elapsed_ms()) from error
        except (ConnectionError, HTTPClientError) as error:
            raise SendFailed("connection", deadline.elapsed_ms()) from error
        return Answer(200, accepted, None, deadline.elapsed_ms())


def _refusal(code: str, status: int, deadline: Deadline) -> Answer:
    """AWS throttles with 400 and 403 too; the endpoint's gate knows 429."""
    return Answer(THROTTLED if code.rpartition(".")[2] in _THROTTLES else status, code, None, deadline.elapsed_ms())


def _send_message(client: Any, queue: Arn, headers: Mapping[str, str], body: str) -> str:
    sent = client.send_message(
        QueueUrl=f"{client.meta.endpoint_url}/{queue.account}/{queue.name}",
        MessageBody=body,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in headers.items()},
    )
    return str(sent["MessageId"])


def _put_event(client: Any, bus_arn: str, body: str) -> str:
    entry = {"Source": SOURCE, "DetailType": json.loads(body)["type"], "Detail": body, "EventBusName": bus_arn}
    answer = client.put_events(Entries=[entry])
    [result] = answer["Entries"]
    if answer["FailedEntryCount"]:  # the call itself is a 200 all the same
        raise Refused(result["ErrorCode"])
    return str(result["EventId"])
