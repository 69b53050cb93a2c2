"""Hostile URLs: every notation of every address that is not public. The resolver reads literals as a system does."""

import socket
from ipaddress import ip_address

import pytest

from sluice.adapters import ssrf_guard
from sluice.adapters.ssrf_guard import (
    INGEST_PORTS,
    INGEST_PORTS_WITH_PLAIN_HTTP,
    WEBHOOK_PORTS,
    Address,
    NameNotResolved,
    PortRule,
    SsrfGuard,
)
from sluice.domain.errors import UrlNotAllowed

NAMES = {
    "example.com": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "internal.example.com": ["10.1.2.3"],
    "half.example.com": ["93.184.215.14", "169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
    "loop-and-public.example.com": ["127.0.0.1", "93.184.215.14"],
    "empty.example.com": [],
}


def resolve(host: str, _: int) -> list[Address]:
    if host in NAMES:
        return [ip_address(text) for text in NAMES[host]]
    try:
        return [ip_address(host)]
    except ValueError:
        pass
    try:
        return [ip_address(socket.inet_aton(host))]  # 2130706433, 0x7f000001, 0177.0.0.1, 127.1
    except OSError:
        raise NameNotResolved() from None


@pytest.fixture
def guard() -> SsrfGuard:
    return SsrfGuard(allow_loopback=False, ports=WEBHOOK_PORTS, resolve=resolve)


@pytest.fixture
def local_guard() -> SsrfGuard:
    return SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS, resolve=resolve)


PRIVATE_HOSTS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0.0.0.0",  # noqa: S104  # a host to refuse
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "168.63.129.16",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[100::1]",
    "[2001::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "localhost",
    "LOCALHOST",
    "internal.example.com",
    "half.example.com",
    "loop-and-public.example.com",
]


# Global to Python 3.11, and of special use all the same: microsoft-antissrf's list alone refuses these.
ONLY_LISTED = {"168.63.129.16", "192.0.0.8", "192.88.99.1", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[3fff::1]"}


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
def test_addresses_that_are_not_public(guard: SsrfGuard, host: str) -> None:
    with pytest.raises(UrlNotAllowed):
        guard.check(f"https://{host}/hook")


@pytest.mark.parametrize("host", [host for host in PRIVATE_HOSTS if host not in ONLY_LISTED])
def test_our_own_rule_needs_no_list(monkeypatch: pytest.MonkeyPatch, guard: SsrfGuard, host: str) -> None:
    monkeypatch.setattr(ssrf_guard, "_denied_networks", lambda: ())
    with pytest.raises(UrlNotAllowed):
        guard.check(f"https://{host}/hook")


@pytest.mark.parametrize("host", [host for host in PRIVATE_HOSTS if host.lower() != "localhost"])
def test_allowing_loopback_allows_loopback_only(local_guard: SsrfGuard, host: str) -> None:
    try:
        addresses = local_guard.check(f"http://{host}:8080/hook").addresses
    except UrlNotAllowed:
        return
    assert all((getattr(found, "ipv4_mapped", None) or found).is_loopback for found in addresses)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "https://localhost:1/x", "http://[::1]:80/x"])
def test_loopback_when_allowed(local_guard: SsrfGuard, guard: SsrfGuard, url: str) -> None:
    assert all(address.is_loopback for address in local_guard.check(url).addresses)
    with pytest.raises(UrlNotAllowed):
        guard.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "example.com/hook",
        "//example.com/hook",
        "https:///hook",
        "https://",
        "",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com@10.0.0.1/",
        "https://example.com/#fragment",
        "https://example.com\\@10.0.0.1/",
        "https://example.com/a b",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com\t/",
        "https://exämple.com/",
        "https://example.com./",
        "https://-example.com/",
        "https://exa%6dple.com/",
        "https://example..com/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://example.com:0/",
        "https://example.com:22/",
        "https://example.com:80/",
        "https://example.com:1023/",
        "https://example.com/" + "x" * 2_048,
    ],
)
def test_urls_of_the_wrong_shape(guard: SsrfGuard, local_guard: SsrfGuard, url: str) -> None:
    for each in (guard, local_guard):
        with pytest.raises(UrlNotAllowed):
            each.check(url)


@pytest.mark.parametrize(
    ("ports", "allowed"),
    [
        (WEBHOOK_PORTS, {"https://h", "https://h:443", "https://h:1024", "https://h:8080", "https://h:65535"}),
        (INGEST_PORTS, {"https://h", "https://h:443"}),
        (INGEST_PORTS_WITH_PLAIN_HTTP, {"https://h", "https://h:443", "http://h", "http://h:80"}),
    ],
)
def test_ports(ports: PortRule, allowed: set[str]) -> None:
    each = SsrfGuard(allow_loopback=False, ports=ports, resolve=lambda *_: [ip_address("93.184.215.14")])
    numbers = ("", ":0", ":22", ":80", ":443", ":1023", ":1024", ":8080", ":65535")
    for url in (f"{scheme}://h{number}" for scheme in ("https", "http") for number in numbers):
        if url in allowed:
            assert each.check(url).addresses
        else:
            with pytest.raises(UrlNotAllowed, match="port|https"):
                each.check(url)


@pytest.mark.parametrize("host", ["nowhere.example.com", "empty.example.com"])
def test_a_name_that_does_not_resolve(guard: SsrfGuard, host: str) -> None:
    with pytest.raises(NameNotResolved):
        guard.check(f"https://{host}/")


def test_public_targets(guard: SsrfGuard) -> None:
    plain = guard.check("HTTPS://Example.com")
    assert (plain.tls, plain.host, plain.port, plain.path, plain.authority) == (
        True,
        "example.com",
        443,
        "/",
        "example.com",
    )
    assert [str(address) for address in plain.addresses] == NAMES["example.com"]
    full = guard.check("https://example.com:8443/a/b?c=d&e")
    assert (full.port, full.path, full.authority) == (8443, "/a/b?c=d&e", "example.com:8443")
    assert guard.check("https://example.com?x=1").path == "/?x=1"


@pytest.mark.parametrize("host", ["8.8.8.8", "134744072", "[2606:4700:4700::1111]", "[::ffff:8.8.8.8]"])
def test_public_literals(guard: SsrfGuard, host: str) -> None:
    assert guard.check(f"https://{host}/").addresses


def test_an_ipv6_literal_keeps_its_brackets_in_the_host_header(guard: SsrfGuard) -> None:
    assert guard.check("https://[2606:4700:4700::1111]:8443/").authority == "[2606:4700:4700::1111]:8443"


def test_ipv4_is_tried_first(guard: SsrfGuard) -> None:
    NAMES["six-first.example.com"] = ["2606:4700:4700::1111", "8.8.8.8", "8.8.8.8"]
    found = guard.check("https://six-first.example.com/").addresses
    assert [str(address) for address in found] == ["8.8.8.8", "2606:4700:4700::1111"]
