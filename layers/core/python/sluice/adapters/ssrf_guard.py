"""Which URLs our servers may call for a tenant: judges the shape of the URL and every address its name resolves to.

The answer carries the addresses, so that the connection goes to what was checked: a second look-up could differ.
Two rules must both agree on an address: microsoft-antissrf's list, and ours, which has no list to become stale.
"""

import re
import socket
from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from sluice.domain.errors import UrlNotAllowed

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[Address]]

MAX_URL = 2_048
HTTPS_PORT = 443
HTTP_PORT = 80
GLOBAL_UNICAST = IPv6Network("2000::/3")  # leaves out NAT64, IPv4-compatible, IPv4-translated, local and multicast
_PRINTABLE = re.compile(r"[\x21-\x7e]+")  # no blanks, controls or letters that parsers disagree about
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class PortRule(NamedTuple):
    """What a public host may be called on beside https on 443."""

    https_from: int | None = None  # https on this port and above
    plain_http: bool = False  # http on 80


# A receiver may run where its owner has no root; below 1024 no mail, shell or directory service can be talked to.
WEBHOOK_PORTS = PortRule(https_from=1024)
INGEST_PORTS = PortRule()
INGEST_PORTS_WITH_PLAIN_HTTP = PortRule(plain_http=True)


class Target(NamedTuple):
    """A checked URL: connect to one of `addresses`, speak to `host`."""

    tls: bool
    host: str  # lower case; an IPv6 literal without brackets
    port: int
    path: str  # with the query; never empty
    addresses: tuple[Address, ...]  # IPv4 first

    @property
    def authority(self) -> str:
        """Value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.tls else HTTP_PORT) else f"{host}:{self.port}"


class NameNotResolved(UrlNotAllowed):
    message = "The host name of the URL does not resolve."


def resolve_by_system(host: str, port: int) -> list[Address]:
    """Every address of `host`, a name or a literal in any notation the system accepts. Raises NameNotResolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NameNotResolved() from None
    return [ip_address(str(entry[4][0])) for entry in found]


class SsrfGuard:
    def __init__(self, *, allow_loopback: bool, ports: PortRule, resolve: Resolve = resolve_by_system) -> None:
        """`allow_loopback` also allows plain http and any port, for loopback addresses only."""
        self._allow_loopback = allow_loopback
        self._ports = ports
        self._resolve = resolve

    def check(self, url: str) -> Target:
        """Raises UrlNotAllowed, or NameNotResolved of its kind."""
        parts, port = _parse(url)
        host = (parts.hostname or "").lower()
        addresses = tuple(dict.fromkeys(sorted(self._resolve(host, port), key=lambda found: found.version)))
        if not addresses:
            raise NameNotResolved()
        if not (self._allow_loopback and all(_is_loopback(address) for address in addresses)):
            _require_public(parts.scheme, port, self._ports, addresses)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme == "https", host, port, path, addresses)


def _parse(url: str) -> tuple[SplitResult, int]:
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise UrlNotAllowed(f"The URL must be at most {MAX_URL} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlNotAllowed("The URL is malformed.") from None
    if parts.scheme not in ("https", "http"):
        raise UrlNotAllowed("The URL must be https.")
    if "@" in parts.netloc or "#" in url:
        raise UrlNotAllowed("The URL must hold neither credentials nor a fragment.")
    if not _is_host(parts.hostname or ""):
        raise UrlNotAllowed("The URL has no valid host name.")
    if port is None:
        port = HTTPS_PORT if parts.scheme == "https" else HTTP_PORT
    return parts, port


def _is_host(host: str) -> bool:
    if ":" not in host:
        return len(host) <= 253 and _HOST.fullmatch(host.lower()) is not None
    try:
        return ip_address(host).version == 6 and "%" not in host
    except ValueError:
        return False


def _require_public(scheme: str, port: int, ports: PortRule, addresses: Iterable[Address]) -> None:
    if scheme != "https" and not ports.plain_http:
        raise UrlNotAllowed("The URL must be https.")
    if not _is_port_allowed(scheme, port, ports):
        raise UrlNotAllowed(f"The port must be {_allowed_ports(ports)}.")
    if not all(_is_public(address) for address in addresses):
        raise UrlNotAllowed()


def _is_port_allowed(scheme: str, port: int, ports: PortRule) -> bool:
    if scheme == "http":
        return port == HTTP_PORT
    return port == HTTPS_PORT or (ports.https_from is not None and port >= ports.https_from)


def _allowed_ports(ports: PortRule) -> str:
    unprivileged = f" or at least {ports.https_from}" if ports.https_from is not None else ""
    return f"{HTTPS_PORT}{unprivileged}" + (f", or {HTTP_PORT} with http" if ports.plain_http else "")


def _is_loopback(address: Address) -> bool:
    return _unmapped(address).is_loopback


def _unmapped(address: Address) -> Address:
    """IPv4 behind ::ffff:0:0/96 is judged as the IPv4 address that the connection would reach."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_public(address: Address) -> bool:
    plain = _unmapped(address)
    if isinstance(plain, IPv6Address) and plain not in GLOBAL_UNICAST:
        return False
    if not plain.is_global or plain.is_multicast:
        return False
    in_v6_space = plain if isinstance(plain, IPv6Address) else IPv6Address(f"::ffff:{plain}")
    return not any(in_v6_space in network for network in _denied_networks())


@cache
def _denied_networks() -> tuple[IPv6Network, ...]:
    """microsoft-antissrf's ranges; IPv4 ones come as ::ffff:0:0/96. Imported late: it costs 310 ms."""
    from AntiSSRF import AntiSSRFPolicy, PolicyConfigOptions  # type: ignore[import-untyped]

    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    return tuple(block.get_network() for block in policy.denied_addresses)
