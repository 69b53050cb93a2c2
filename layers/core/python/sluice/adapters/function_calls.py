"""The function that makes thumbnails, called without waiting. Payload: {"tenant_id", "asset_id", "thumbnail_id"}.

Lambda keeps such a call in a queue of its own and repeats it: no queue of ours has to be polled for it.
"""

import json
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure
from sluice.domain.thumbnails import Thumbnail


@cache
def lambda_client() -> Any:
    return boto3.client("lambda")


class LambdaThumbnailMaker:
    def __init__(self, client: Any, function_name: str) -> None:
        self._client = client
        self._name = function_name

    def start(self, thumbnail: Thumbnail) -> None:
        wanted = {
            "tenant_id": thumbnail.tenant_id,
            "asset_id": thumbnail.asset_id,
            "thumbnail_id": thumbnail.id,
        }
        try:
            self._client.invoke(FunctionName=self._name, InvocationType="Event", Payload=json.dumps(wanted))
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure() from error
