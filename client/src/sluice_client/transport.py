"""One call of the API over HTTP: JSON there and back, problems as ApiError, repeated while that can help."""

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3

from sluice_client.errors import ApiError, ConnectionFailed, UnexpectedAnswer
from sluice_client.retries import Retries, retry_after_s

# API Gateway gives up after 30 s: waiting longer for an answer is of no use.
TIMEOUT = urllib3.Timeout(connect=10, read=40)

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any  # decoded JSON; None for an empty one
    content: bytes  # as it came

    def read(self, of: Callable[[Any], T]) -> T:
        """A model from the body. Raises UnexpectedAnswer for a body of another shape."""
        try:
            return of(self.body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedAnswer(
                f"an answer without the expected fields ({type(error).__name__}: {error})"
            ) from error


class Transport:
    def __init__(self, base_url: str, api_key: str, retries: Retries) -> None:
        self.base_url = checked_base_url(base_url)
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._retries = retries
        # No redirects: the API gives none, and the key is for nobody else.
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=8)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises ApiError, ConnectionFailed, UnexpectedAnswer.

        Every call is repeatable as it stands: those that make something carry an Idempotency-Key or leave no record.
        """
        url = self.base_url + path + (f"?{urlencode(query)}" if query else "")
        sent = {**self._headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        encoded = None if body is None else json.dumps(body).encode()
        return self._retries.repeat(lambda: self._once(method, url, encoded, sent))

    def _once(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            answer = self._http.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            # The exception's own text may name the whole URL.
            raise ConnectionFailed(f"{urlsplit(url).netloc} does not answer ({type(error).__name__})") from error
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        try:
            body = json.loads(answer.data) if answer.data else None
            return Answer(answer.status, answer.headers, body, answer.data)
        except ValueError as error:
            raise UnexpectedAnswer(f"{urlsplit(url).netloc} answered {answer.status} without JSON") from error

    def close(self) -> None:
        self._http.clear()


def _refusal(answer: urllib3.BaseHTTPResponse) -> ApiError:
    """A problem of ours, or the gateway's `{"message": …}`, or whatever a proxy in between had to say."""
    try:
        body = json.loads(answer.data)
    except ValueError:
        body = {}
    said = body if isinstance(body, dict) else {}
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    answered = {"code": f"http_{answer.status}"} if not is_problem else {}
    unsaid = {"detail": said.get("message") or answer.reason, "request_id": answer.headers.get("X-Request-Id", "")}
    return refusal_of(
        {**unsaid, **given(said), **answered}, answer.status, retry_after_s(answer.headers.get("Retry-After"))
    )


def refusal_of(problem: Mapping[str, Any], status: int, retry_after_s: float | None = None) -> ApiError:
    """From problem+json, of an answer or of an item within one."""
    return ApiError(
        status,
        str(problem.get("code", "")),
        str(problem.get("detail") or "no explanation"),
        request_id=str(problem.get("request_id", "")),
        retryable=problem.get("retryable") is True,
        errors=tuple(one for one in problem.get("errors") or () if isinstance(one, dict)),
        retry_after_s=retry_after_s,
    )


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out: the API has its own defaults."""
    return {name: value for name, value in body.items() if value not in (None, [], {})}


def checked_base_url(base_url: str) -> str:
    """Without a slash at its end. Raises ValueError for what would send the key in the clear to another machine."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("not the URL of an API: http:// or https://, a host, perhaps a path, nothing else")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise ValueError("http:// is for this machine only; the API key would be readable on the way: use https://")
    return base_url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
