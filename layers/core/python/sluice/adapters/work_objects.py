"""The part of the media bucket that tasks of one job share. CloudFront has no way to it, and S3 empties it by age."""

from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure


class S3WorkObjects:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, path: Path) -> None:
        """Raises ProviderFailure."""
        try:
            self._client.upload_file(str(path), self._bucket, key)
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise ProviderFailure("An intermediate result could not be stored.") from error

    def get(self, key: str, path: Path) -> None:
        """Raises ProviderFailure."""
        try:
            self._client.download_file(self._bucket, key, str(path))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise ProviderFailure("An intermediate result could not be read.") from error
