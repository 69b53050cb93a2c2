"""Events as webhooks to an address of the developer's own, signed like those of the service."""

import base64
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from sluice_client.webhooks import key_of, sign

TIMEOUT_S = 15.0  # the service's own
PAUSES_S = (1.0, 2.0, 5.0)  # a program that starts again after a change is back by then
SECRET_BYTES = 32


@dataclass(frozen=True)
class Forwarded:
    """The last attempt."""

    status: int | None  # None: there was no answer
    latency_s: float
    attempts: int
    problem: str | None = None  # why there was none

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Forwarder:
    def __init__(
        self,
        url: str,
        secret: str,
        *,
        pauses_s: Sequence[float] = PAUSES_S,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises ValueError for a URL or a secret that is none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not a URL that events can be forwarded to: http:// or https://, and a host")
        key_of(secret)
        self._url, self._secret = url, secret
        self._pauses_s, self._pause, self._now = pauses_s, pause, now
        # A redirect is a failure, as it is for the service.
        self._http = urllib3.PoolManager(timeout=TIMEOUT_S, retries=False, maxsize=1)

    def forward(self, event_id: str, body: bytes) -> Forwarded:
        """Tried again a few times, as long as there is no 2xx; each attempt has its own time and signature."""
        tried = self._try(event_id, body, 1)
        for attempt, pause_s in enumerate(self._pauses_s, start=2):
            if tried.delivered:
                break
            self._pause(pause_s)
            tried = self._try(event_id, body, attempt)
        return tried

    def _try(self, event_id: str, body: bytes, attempt: int) -> Forwarded:
        headers = {"Content-Type": "application/json", "User-Agent": "sluice-listen"}
        headers |= sign(self._secret, event_id, body, sent_at=self._now())
        began = time.monotonic()
        try:
            answer = self._http.request("POST", self._url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            return Forwarded(None, time.monotonic() - began, attempt, type(error).__name__)
        return Forwarded(answer.status, time.monotonic() - began, attempt)


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
