"""The media bucket as those see it who fill it and tidy it up: nobody here reads it."""

from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure


class S3MediaObjects:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_file(
        self, key: str, path: Path, *, content_type: str, cache_control: str, metadata: dict[str, str]
    ) -> None:
        """Raises ProviderFailure."""
        with path.open("rb") as body:
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    CacheControl=cache_control,
                    Metadata=metadata,
                )
            except (ClientError, BotoCoreError) as error:
                raise ProviderFailure("A result could not be stored.") from error

    def delete(self, key: str) -> None:
        """A no-op where nothing is. Raises ProviderFailure."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure("An object could not be removed.") from error
