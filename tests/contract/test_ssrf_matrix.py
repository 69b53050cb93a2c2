"""No hostile URL makes any of our calls connect to a non-public address: every URL x every place that takes one.

Literals are read by the system's resolver, names by one in an attacker's hand; every attempt to connect is recorded.
"""

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from sluice.adapters.source_reader import HttpSourceReader
from sluice.adapters.ssrf_guard import (
    INGEST_PORTS,
    INGEST_PORTS_WITH_PLAIN_HTTP,
    WEBHOOK_PORTS,
    Address,
    PortRule,
    Resolve,
    SsrfGuard,
)
from sluice.adapters.webhook_sender import HttpWebhookSender
from sluice.domain.errors import SluiceError, UrlNotAllowed
from sluice.domain.source_errors import SourceTooManyRedirects, SourceUnreachable
from sluice.service.webhook_ports import SendFailed
from tests.contract.hostile_urls import NAMES, PUBLIC_NAME, hostile_urls, hosts
from tests.contract.numeric_hosts import NumericHosts
from tests.contract.recorded_connects import RecordedConnects

PUBLIC = "93.184.215.14"
INWARD = "10.66.66.66"  # what every name that nobody listed resolves to
URLS = hostile_urls()
Call = Callable[[SsrfGuard, str], object]


def check_webhook(guard: SsrfGuard, url: str) -> None:
    HttpWebhookSender(guard).check_url(url)


def post_webhook(guard: SsrfGuard, url: str) -> None:
    HttpWebhookSender(guard).post(url, headers={}, body=b"{}", timeout_s=20)


def check_source(guard: SsrfGuard, url: str) -> None:
    HttpSourceReader(guard).check(url, {})


def open_source(guard: SsrfGuard, url: str) -> None:
    with HttpSourceReader(guard).open(url, {}) as source:
        source.read(1)


def resume_source(guard: SsrfGuard, url: str) -> None:
    with HttpSourceReader(guard).open(url, {}, start=9, validator='"v1"') as source:
        source.read(1)


SITES: dict[str, tuple[Call, PortRule]] = {
    "endpoint": (check_webhook, WEBHOOK_PORTS),
    "delivery": (post_webhook, WEBHOOK_PORTS),
    "slot": (check_source, INGEST_PORTS),
    "fetch": (open_source, INGEST_PORTS),
    "fetch with plain http": (open_source, INGEST_PORTS_WITH_PLAIN_HTTP),
    "fetch again": (resume_source, INGEST_PORTS_WITH_PLAIN_HTTP),
}
CONNECTING = [name for name in SITES if name not in ("endpoint", "slot")]
every_site = pytest.mark.parametrize("site", SITES)


@pytest.fixture(scope="module")
def numeric() -> Iterator[NumericHosts]:
    with NumericHosts() as numeric:
        yield numeric


@pytest.fixture
def resolve(numeric: NumericHosts) -> Resolve:
    def answer(host: str, _: int) -> list[Address]:
        named = [PUBLIC] if host == PUBLIC_NAME else NAMES.get(host, (INWARD,))
        return numeric(host) or [ip_address(text) for text in named]

    return answer


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedConnects]:
    recorded = RecordedConnects(monkeypatch)
    yield recorded
    recorded.close()


def guard(ports: PortRule, resolve: Resolve, *, allow_loopback: bool = False) -> SsrfGuard:
    return SsrfGuard(allow_loopback=allow_loopback, ports=ports, resolve=resolve)


def changing(first: str, then: list[Address]) -> Resolve:
    """A name server that answers the first look-up with one address, and all later ones with others."""
    answers = iter([[ip_address(first)]])
    return lambda *_: next(answers, then)


@pytest.fixture(scope="module")
def inward(numeric: NumericHosts) -> list[Address]:
    """Every address that a hostile host stands for."""
    named = [ip_address(text) for texts in NAMES.values() for text in texts if text != PUBLIC]
    found = [address for host in hosts() for address in numeric(host.strip("[]"))]
    return list(dict.fromkeys(named + found))


def test_there_are_enough_of_them(numeric: NumericHosts, inward: list[Address]) -> None:
    assert [str(numeric(host)[0]) for host in ("2130706433", "0x7f.1", "0177.0.0.1")] == ["127.0.0.1"] * 3
    assert len(URLS) == len(set(URLS)) >= 300
    assert len(inward) >= 100


@every_site
def test_no_hostile_url_is_called(site: str, resolve: Resolve, connects: RecordedConnects) -> None:
    call, ports = SITES[site]
    for url in URLS:
        with pytest.raises(UrlNotAllowed):
            call(guard(ports, resolve), url)
        assert connects.addresses == [], url


@every_site
def test_allowing_loopback_reaches_loopback_at_most(site: str, resolve: Resolve, connects: RecordedConnects) -> None:
    call, ports = SITES[site]
    refused = 0
    for url in URLS:
        try:
            call(guard(ports, resolve, allow_loopback=True), url)
        except UrlNotAllowed:
            refused += 1
        except (SendFailed, SourceUnreachable):
            assert connects.addresses, url
    assert refused > 300
    reached = {ip_address(host) for host, _ in connects.addresses}
    assert [one for one in reached if not (getattr(one, "ipv4_mapped", None) or one).is_loopback] == []


def test_no_redirect_to_a_hostile_url_is_followed(resolve: Resolve, connects: RecordedConnects) -> None:
    connects.answering = (PUBLIC, 80)
    refused = 0
    for url in URLS:
        connects.answer = b"HTTP/1.1 302 Found\r\nLocation: " + url.encode() + b"\r\nContent-Length: 0\r\n\r\n"
        with pytest.raises(SluiceError) as caught:
            open_source(guard(INGEST_PORTS_WITH_PLAIN_HTTP, resolve), f"http://{PUBLIC_NAME}/")
        refused += isinstance(caught.value, UrlNotAllowed)
        # A line end in a Location ends it, and a few are relative to where they came from: public ones.
        assert {host for host, _ in connects.addresses} == {PUBLIC}, url
    assert refused > 600


@pytest.mark.parametrize("site", CONNECTING)
def test_a_name_that_flips_is_called_where_it_was_checked(
    site: str, inward: list[Address], connects: RecordedConnects
) -> None:
    call, ports = SITES[site]
    for address in inward:
        with pytest.raises((SendFailed, SourceUnreachable)):
            call(guard(ports, changing(PUBLIC, [address])), f"https://{PUBLIC_NAME}/")
    assert connects.addresses == [(PUBLIC, 443)] * len(inward)


@pytest.mark.parametrize("first", ["endpoint", "slot"])
@pytest.mark.parametrize("site", CONNECTING)
def test_a_name_that_flips_after_it_was_accepted(
    first: str, site: str, inward: list[Address], connects: RecordedConnects
) -> None:
    for address in inward:
        for then in ([address], [ip_address(PUBLIC), address], [address, ip_address(PUBLIC)]):
            resolve = changing(PUBLIC, then)
            SITES[first][0](guard(SITES[first][1], resolve), f"https://{PUBLIC_NAME}/")
            with pytest.raises(UrlNotAllowed):
                SITES[site][0](guard(SITES[site][1], resolve), f"https://{PUBLIC_NAME}/")
    assert connects.addresses == []


def test_a_name_that_flips_between_redirects(inward: list[Address], connects: RecordedConnects) -> None:
    connects.answering = (PUBLIC, 80)
    connects.answer = b"HTTP/1.1 307 Again\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    for address in inward:
        resolve = changing(PUBLIC, [address])
        with pytest.raises(UrlNotAllowed):
            open_source(guard(INGEST_PORTS_WITH_PLAIN_HTTP, resolve), f"http://{PUBLIC_NAME}/")
    assert connects.addresses == [(PUBLIC, 80)] * len(inward)


# ------------------------------------------------------------------ what is recorded would be seen


@pytest.mark.parametrize("site", CONNECTING)
def test_a_public_address_is_called(site: str, resolve: Resolve, connects: RecordedConnects) -> None:
    call, ports = SITES[site]
    with pytest.raises((SendFailed, SourceUnreachable)):
        call(guard(ports, resolve), f"https://{PUBLIC_NAME}/")
    assert connects.addresses == [(PUBLIC, 443)]


def test_a_public_redirect_is_followed(resolve: Resolve, connects: RecordedConnects) -> None:
    connects.answering = (PUBLIC, 80)
    connects.answer = f"HTTP/1.1 302 Found\r\nLocation: http://{PUBLIC_NAME}/\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(SourceTooManyRedirects):
        open_source(guard(INGEST_PORTS_WITH_PLAIN_HTTP, resolve), f"http://{PUBLIC_NAME}/")
    assert connects.addresses == [(PUBLIC, 80)] * 4


def test_every_way_to_connect_is_recorded(connects: RecordedConnects) -> None:
    with socket.socket() as one:
        for way in (one.connect, one.connect_ex, socket.create_connection):
            with pytest.raises(ConnectionRefusedError):
                way(("127.0.0.1", 9))
    assert connects.addresses == [("127.0.0.1", 9)] * 3
