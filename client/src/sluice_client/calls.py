"""What every group of calls is made with: a connection, a key, patience."""

import uuid
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar

from sluice_client.retries import Retries
from sluice_client.transport import Answer, Transport
from sluice_client.waiting import looks

C = TypeVar("C", bound="Calls")


class Calls:
    def __init__(self, base_url: str, api_key: str, *, retries: Retries | None = None) -> None:
        """Raises ValueError for a URL to which an API key must not go."""
        self.retries = retries or Retries()
        self._transport = Transport(base_url, api_key, self.retries)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    def _make(self, path: str, body: Mapping[str, Any], idempotency_key: str | None = None) -> Answer:
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self._transport.call("POST", path, body, headers=headers)

    def _looks(self, timeout_s: float, otherwise: str) -> Iterator[None]:
        return looks(timeout_s, otherwise, pause=self.retries.pause)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self: C) -> C:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
