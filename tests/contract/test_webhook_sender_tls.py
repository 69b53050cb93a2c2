"""TLS of the sender: the name of the URL is what is asked for and what the certificate is checked against."""

import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from sluice.adapters.pinned_http import default_tls
from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, SsrfGuard
from sluice.adapters.webhook_sender import HttpWebhookSender
from sluice.service.webhook_ports import Answer, SendFailed
from tests.contract.receiver import PATIENCE_S, Authority, Receiver, answering

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
NAME = "hook.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def sender(tls: Callable[[], ssl.SSLContext]) -> HttpWebhookSender:
    guard = SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS, resolve=lambda *_: [ip_address("127.0.0.1")])
    return HttpWebhookSender(guard, tls)


def post(tls: Callable[[], ssl.SSLContext], receiver: Receiver, timeout_s: float = PATIENCE_S) -> Answer:
    return sender(tls).post(f"https://{NAME}:{receiver.port}/", headers={}, body=b"{}", timeout_s=timeout_s)


def failure(tls: Callable[[], ssl.SSLContext], receiver: Receiver, timeout_s: float = PATIENCE_S) -> str:
    with pytest.raises(SendFailed) as caught:
        post(tls, receiver, timeout_s)
    return caught.value.failure


def test_the_right_name_of_a_trusted_authority(authority: Authority) -> None:
    context = authority.serving(NAME)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    with Receiver(answering(OK), context) as receiver:
        assert post(authority.trusting, receiver).status == 200
    assert asked == [NAME]
    assert receiver.requests[0].headers["host"] == f"{NAME}:{receiver.port}"


def test_another_name(authority: Authority) -> None:
    with Receiver(answering(OK), authority.serving("other.example")) as receiver:
        assert failure(authority.trusting, receiver) == "tls"
    assert receiver.requests == []


def test_an_authority_that_nobody_knows(authority: Authority) -> None:
    with Receiver(answering(OK), authority.serving(NAME)) as receiver:
        assert failure(default_tls, receiver) == "tls"
    assert receiver.requests == []


def test_a_certificate_that_has_expired(authority: Authority) -> None:
    with Receiver(answering(OK), authority.serving(NAME, life=-timedelta(days=1))) as receiver:
        assert failure(authority.trusting, receiver) == "tls"


def test_no_tls_at_all(authority: Authority) -> None:
    def plain(_: Receiver, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(1)

    with Receiver(plain) as receiver:
        assert failure(authority.trusting, receiver) == "tls"


def test_a_handshake_without_end(authority: Authority) -> None:
    with Receiver(lambda receiver, _: receiver.over.wait(PATIENCE_S) and None) as receiver:
        assert failure(authority.trusting, receiver, timeout_s=0.5) == "timeout"


def test_the_ordinary_trust_checks_names() -> None:
    context = default_tls()
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED
