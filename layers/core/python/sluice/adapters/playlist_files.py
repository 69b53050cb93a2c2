"""Packager's playlists in the media bucket: implements `service.ports.PlaylistFiles`."""

from collections import OrderedDict
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sluice.domain.errors import PlaybackNotFound, ProviderFailure

MAX_CACHED_CHARACTERS = 16_000_000  # a two-hour playlist has about 45,000; the function has 1 GB


@cache
def s3_client() -> Any:
    return boto3.client("s3")


class S3PlaylistFiles:
    """Keeps what was read last: the files never change, and a player asks for the same ones again and again."""

    def __init__(self, client: Any, bucket: str, *, capacity: int = MAX_CACHED_CHARACTERS) -> None:
        self._client = client
        self._bucket = bucket
        self._capacity = capacity
        self._cached: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def read(self, path: str) -> str:
        if path in self._cached:
            self._cached.move_to_end(path)
            return self._cached[path]
        text = self._fetch(path)
        self._cached[path] = text
        self._size += len(text)
        while self._size > self._capacity:
            _, oldest = self._cached.popitem(last=False)
            self._size -= len(oldest)
        return text

    def _fetch(self, path: str) -> str:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=path)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise PlaybackNotFound() from error
            raise ProviderFailure() from error
        body: bytes = answer["Body"].read()
        return body.decode()
