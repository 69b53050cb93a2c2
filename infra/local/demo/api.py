"""The HTTP API as an application sees it: an API key and JSON."""

import json
from collections.abc import Mapping
from typing import Any

import urllib3

TIMEOUT = urllib3.Timeout(connect=5, read=60)


class ApiFailed(RuntimeError):
    """An answer outside 2xx; carries the problem's code and sentence."""


class Api:
    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The decoded answer; None for 204. Raises ApiFailed."""
        answer = self.request(method, path, body)
        if not 200 <= answer.status < 300:
            raise ApiFailed(f"{method} {path}: {answer.status} {answer.data.decode(errors='replace')}")
        return json.loads(answer.data) if answer.data else None

    def request(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """The answer as it is, whatever its status."""
        return self._http.request(
            method,
            self._base_url + path,
            body=None if body is None else json.dumps(body),
            headers={**self._headers, **(headers or {})},
        )
