"""Reads files from URLs of tenants: hostile by assumption.

Every hop, the first and the redirects, is checked and then called at the address that was checked.
"""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple
from urllib.parse import urljoin

from sluice.adapters.deadline_socket import Deadline
from sluice.adapters.pinned_http import Answered, Tls, ask, connect, default_tls
from sluice.adapters.source_answer import REDIRECTS, read_head
from sluice.adapters.source_body import HttpSource
from sluice.adapters.ssrf_guard import MAX_URL, NameNotResolved, SsrfGuard, Target
from sluice.domain.errors import UrlNotAllowed
from sluice.domain.source_errors import (
    SourceBadAnswer,
    SourceStalled,
    SourceTooManyRedirects,
    SourceUnreachable,
)
from sluice.domain.source_headers import require_source_headers

USER_AGENT = "Sluice-Ingest/1"
MAX_REDIRECTS = 3
_REFERENCE = re.compile(rf"[\x21-\x7e]{{1,{MAX_URL}}}")  # joining drops line ends and tabs: judge before


class _Hop(NamedTuple):
    url: str
    target: Target
    headers: Mapping[str, str]  # of the caller


class HttpSourceReader:
    """`service.source_ports.SourceReader`."""

    def __init__(
        self, guard: SsrfGuard, tls: Tls = default_tls, *, connect_timeout_s: float = 10, idle_timeout_s: float = 30
    ) -> None:
        """`connect_timeout_s`: TLS included. `idle_timeout_s`: for the head of an answer, and for each `read`."""
        self._guard = guard
        self._tls = tls
        self._connect_s = connect_timeout_s
        self._idle_s = idle_timeout_s

    def check(self, url: str, headers: Mapping[str, str]) -> None:
        require_source_headers(headers)
        self._guard.check(url)

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], *, start: int = 0, validator: str | None = None
    ) -> Iterator[HttpSource]:
        require_source_headers(headers)
        start = start if validator else 0
        ours = {"Range": f"bytes={start}-", "If-Range": validator} if start and validator else {}
        hop = _Hop(url, self._resolved(url), headers)
        for _ in range(MAX_REDIRECTS + 1):
            deadline = Deadline(self._connect_s)
            with closing(self._connected(hop.target, deadline)) as sock:
                deadline.restart(self._idle_s)
                answered = _asked(sock, deadline, hop.target, {**hop.headers, **ours})
                if answered.response.status not in REDIRECTS:
                    head = read_head(
                        answered.response.status, answered.response.headers, start=start, validator=validator
                    )
                    yield HttpSource(head, answered, deadline, self._idle_s)
                    return
            hop = self._redirected(hop, answered.response.headers.get("Location"))
        raise SourceTooManyRedirects()

    def _redirected(self, hop: _Hop, location: str | None) -> _Hop:
        if location is None:
            raise SourceBadAnswer("The source redirects to nowhere.")
        if not _REFERENCE.fullmatch(location):
            raise UrlNotAllowed("The source redirects to what is not a URL.")
        try:
            url = urljoin(hop.url, location)
        except ValueError:
            raise UrlNotAllowed("The source redirects to what is not a URL.") from None
        target = self._resolved(url)
        if hop.target.tls and not target.tls:
            raise UrlNotAllowed("The source redirects from https to http.")
        # Once gone they stay away: who redirects back would choose what they are sent for.
        return _Hop(url, target, hop.headers if _origin(hop.target) == _origin(target) else {})

    def _resolved(self, url: str) -> Target:
        try:
            return self._guard.check(url)
        except NameNotResolved:
            raise SourceUnreachable("The host name of the source does not resolve.") from None

    def _connected(self, target: Target, deadline: Deadline) -> socket.socket:
        try:
            return connect(target, deadline, self._tls)
        except ssl.SSLCertVerificationError:
            raise SourceUnreachable("The source's certificate is not valid for its name.") from None
        except OSError:
            raise SourceUnreachable() from None


def _origin(target: Target) -> tuple[bool, str, int]:
    return target.tls, target.host, target.port


def _asked(sock: socket.socket, deadline: Deadline, target: Target, headers: Mapping[str, str]) -> Answered:
    own = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    try:
        return ask(sock, deadline, target, "GET", {**headers, **own})
    except TimeoutError:
        raise SourceStalled("The source did not answer in time.") from None
    except OSError:  # before HTTPException: RemoteDisconnected is both
        raise SourceUnreachable("The source ended the connection before it answered.") from None
    except http.client.HTTPException:
        raise SourceBadAnswer() from None
