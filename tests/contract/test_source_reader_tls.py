"""TLS of sources: the certificate is checked against the name of each hop, and nothing leads back to plain http."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from sluice.adapters.source_reader import HttpSourceReader
from sluice.adapters.ssrf_guard import INGEST_PORTS, SsrfGuard
from sluice.domain.errors import UrlNotAllowed
from sluice.domain.source_errors import SourceInterrupted, SourceUnreachable
from tests.contract.receiver import Authority, Receiver
from tests.contract.sources import BODY, HOST, Talk, head, read_all, resolve, saying, serving, url_of

OTHER = "other.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def read(tls: Callable[[], ssl.SSLContext], receiver: Receiver) -> bytes:
    reader = HttpSourceReader(SsrfGuard(allow_loopback=True, ports=INGEST_PORTS, resolve=resolve), tls)
    with reader.open(secure(url_of(receiver)), {"X-Key": "k"}) as source:
        return read_all(source)


def secure(url: str) -> str:
    return url.replace("http:", "https:")


def redirecting(location: str) -> Talk:
    return saying(head(f"Location: {location}", "Content-Length: 0", status="302 Go"))


def test_the_name_is_asked_for_and_checked(authority: Authority) -> None:
    context = authority.serving(HOST)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    with Receiver(serving(), context) as receiver:
        assert read(authority.trusting, receiver) == BODY
    assert asked == [HOST]


def test_another_name(authority: Authority) -> None:
    with (
        Receiver(serving(), authority.serving(OTHER)) as receiver,
        pytest.raises(SourceUnreachable, match="certificate"),
    ):
        read(authority.trusting, receiver)
    assert receiver.requests == []


def test_an_authority_that_nobody_knows(authority: Authority) -> None:
    with (
        Receiver(serving(), authority.serving(HOST)) as receiver,
        pytest.raises(SourceUnreachable, match="certificate"),
    ):
        read(ssl.create_default_context, receiver)
    assert receiver.requests == []


def test_a_redirect_is_checked_by_its_own_name(authority: Authority) -> None:
    with Receiver(serving(), authority.serving(OTHER)) as away:
        for host, allowed in ((OTHER, True), (HOST, False)):
            location = secure(url_of(away, host=host))
            with Receiver(redirecting(location), authority.serving(HOST)) as receiver:
                if allowed:
                    assert read(authority.trusting, receiver) == BODY
                else:
                    with pytest.raises(SourceUnreachable, match="certificate"):
                        read(authority.trusting, receiver)
    [request] = away.requests
    assert request.headers["host"] == f"{OTHER}:{away.port}" and "x-key" not in request.headers


def test_no_redirect_leads_from_https_to_http(authority: Authority) -> None:
    with (
        Receiver(serving()) as plain,
        Receiver(redirecting(url_of(plain)), authority.serving(HOST)) as receiver,
        pytest.raises(UrlNotAllowed, match="https to http"),
    ):
        read(authority.trusting, receiver)
    assert plain.requests == []


def test_a_cut_inside_tls_is_a_cut(authority: Authority) -> None:
    with (
        Receiver(serving(cut_at=[1_000]), authority.serving(HOST)) as receiver,
        pytest.raises(SourceInterrupted),
    ):
        read(authority.trusting, receiver)
