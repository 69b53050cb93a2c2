"""Requests to complete an upload, over SQS. Body: {"tenant_id", "upload_id"}."""

import json
from functools import cache
from typing import Any

import boto3


@cache
def sqs_client() -> Any:
    return boto3.client("sqs")


class SqsCompletionQueue:
    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._url = queue_url

    def send(self, *, tenant_id: str, upload_id: str) -> None:
        body = json.dumps({"tenant_id": tenant_id, "upload_id": upload_id})
        self._client.send_message(QueueUrl=self._url, MessageBody=body)
