"""Posts to endpoints of tenants: hostile by assumption.

Follows no redirect and reads only the first part of the answer. One deadline spans connecting, TLS, sending and
reading; a name look-up has the system's own.
"""

import http.client
import re
import socket
import ssl
from collections.abc import Mapping

from sluice.adapters.deadline_socket import Deadline
from sluice.adapters.idle_connections import IdleConnections
from sluice.adapters.pinned_http import Tls, ask, connect, default_tls
from sluice.adapters.ssrf_guard import NameNotResolved, SsrfGuard, Target
from sluice.service.webhook_ports import Answer, SendFailed

USER_AGENT = "Sluice-Webhooks/1"
MAX_BODY_READ = 4_000  # 1,000 characters of up to four bytes
MAX_BODY_SHOWN = 1_000
_SECONDS = re.compile(r"[0-9]{1,9}")


class HttpWebhookSender:
    def __init__(self, guard: SsrfGuard, tls: Tls = default_tls) -> None:
        self._guard = guard
        self._tls = tls
        self._idle = IdleConnections()

    def close(self) -> None:
        self._idle.close()

    def check_url(self, url: str) -> None:
        self._guard.check(url)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        deadline = Deadline(timeout_s)
        try:
            return self._exchange(self._guard.check(url), headers, body, deadline)
        except NameNotResolved as error:
            raise SendFailed("connection", deadline.elapsed_ms()) from error
        except TimeoutError as error:
            raise SendFailed("timeout", deadline.elapsed_ms()) from error
        except ssl.SSLError as error:
            raise SendFailed("tls", deadline.elapsed_ms()) from error
        except (OSError, http.client.HTTPException) as error:
            raise SendFailed("connection", deadline.elapsed_ms()) from error

    def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> Answer:
        warm = self._idle.take(target)
        if warm:
            try:
                return self._ask(warm, target, headers, body, deadline)
            except (ConnectionError, ssl.SSLError, http.client.BadStatusLine):
                pass  # it was hung up just now, over TLS perhaps without a word: as if it had not been there
        return self._ask(connect(target, deadline, self._tls), target, headers, body, deadline)

    def _ask(
        self, sock: socket.socket, target: Target, headers: Mapping[str, str], body: bytes, deadline: Deadline
    ) -> Answer:
        whole = False
        try:
            own = {"User-Agent": USER_AGENT, "Content-Length": str(len(body))}
            response, _ = ask(sock, deadline, target, "POST", {**headers, **own}, body, keep=True)
            excerpt = _read_excerpt(response)
            read_out = response.isclosed() or response.length == 0
            whole = read_out and not response.will_close  # nothing of this answer can be taken for the next one's
            response.close()
            return Answer(
                status=response.status,
                body=excerpt,
                retry_after_s=_seconds(response.getheader("Retry-After")),
                latency_ms=deadline.elapsed_ms(),
            )
        finally:
            if whole:
                self._idle.give(target, sock)
            else:
                sock.close()


def _read_excerpt(response: http.client.HTTPResponse) -> str:
    """The first part of the answer, for the tenant's log. The status decides: a broken body is cut, not an error."""
    read = b""
    try:
        while len(read) < MAX_BODY_READ and (piece := response.read1(MAX_BODY_READ - len(read))):
            read += piece
    except (OSError, http.client.HTTPException):
        pass
    return read.decode("utf-8", errors="replace")[:MAX_BODY_SHOWN]


def _seconds(retry_after: str | None) -> int | None:
    """Retry-After in seconds; its date form is not used by webhook receivers and is ignored."""
    return int(retry_after) if retry_after and _SECONDS.fullmatch(retry_after) else None
