"""Secrets Manager, read at most every five minutes."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure

FRESH_S = 300.0


@cache
def secrets_client() -> Any:
    # an authorizer waits for this at a cold start: fail early and try again rather than hang for botocore's minute
    return boto3.client(
        "secretsmanager",
        config=Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "max_attempts": 3}),
    )


class SecretsManager:
    def __init__(self, client: Any, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock_s = clock_s
        self._known: dict[str, tuple[str, float]] = {}

    def read(self, arn: str) -> str:
        """The secret's text; while Secrets Manager fails, the one known before. Raises ProviderFailure without one."""
        value, read_at = self._known.get(arn, (None, 0.0))
        if value is not None and self._clock_s() - read_at < FRESH_S:
            return value
        try:
            fresh: str = self._client.get_secret_value(SecretId=arn)["SecretString"]
        except (ClientError, BotoCoreError) as error:
            if value is not None:
                return value
            raise ProviderFailure() from error
        self._known[arn] = (fresh, self._clock_s())
        return fresh
