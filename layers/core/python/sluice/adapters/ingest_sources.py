"""Which sources a caller may name: judged when they are named; the fetch judges them again when it calls them."""

import socket
from collections.abc import Collection, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, ip_address

from sluice.adapters.ssrf_guard import MAX_URL, Address, PortRule, Resolve, SsrfGuard, resolve_by_system
from sluice.domain.errors import UrlNotAllowed
from sluice.domain.source_errors import SourceHeaderNotAllowed
from sluice.domain.source_headers import require_source_headers

MAX_HEADERS_BYTES = 4_096  # of all of them; they are stored with the upload until it is settled
SOME_PUBLIC_ADDRESS = IPv4Address("1.1.1.1")


def literals_only(host: str, port: int) -> list[Address]:
    """A literal in any notation is what it says; a name is taken for public, since nobody is called yet."""
    with suppress(ValueError):
        return [ip_address(host)]
    with suppress(OSError):  # 0x7f.1, 2130706433 and whatever else the system takes for IPv4
        return [IPv4Address(socket.inet_aton(host))]
    return [SOME_PUBLIC_ADDRESS]


class GuardedSources:
    """`service.fetch_ports.IngestSources`."""

    def __init__(
        self,
        *,
        ports: PortRule,
        allow_loopback: bool,
        buckets: Collection[str],
        resolve: Resolve = resolve_by_system,
    ) -> None:
        self._resolving = SsrfGuard(allow_loopback=allow_loopback, ports=ports, resolve=resolve)
        self._literal = SsrfGuard(allow_loopback=allow_loopback, ports=ports, resolve=literals_only)
        self._buckets = frozenset(buckets)

    def check(self, url: str, headers: Mapping[str, str], *, resolve: bool) -> None:
        require_source_headers(headers)
        if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADERS_BYTES:
            raise SourceHeaderNotAllowed(f"At most {MAX_HEADERS_BYTES} characters of headers in all.")
        if url.startswith("s3://"):
            self._check_object(url, headers)
        else:
            (self._resolving if resolve else self._literal).check(url)

    def _check_object(self, url: str, headers: Mapping[str, str]) -> None:
        if headers:
            raise SourceHeaderNotAllowed("A copy inside S3 takes no headers.")
        bucket, _, key = url.removeprefix("s3://").partition("/")
        if len(url) > MAX_URL or bucket not in self._buckets or not key:
            raise UrlNotAllowed("Nothing can be copied from this bucket.")
