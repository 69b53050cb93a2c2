"""Receivers close TLS connections that wait: the next message is sent over a new one and is no failure."""

import socket
import ssl
import struct
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from threading import Event

import pytest

from sluice.adapters import idle_connections
from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, SsrfGuard
from sluice.adapters.webhook_sender import HttpWebhookSender
from sluice.service.webhook_ports import SendFailed
from tests.contract.receiver import PATIENCE_S, Authority, Receiver, read_request

NAME = "hook.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LARGE = b"x" * 4_000_000  # more than the buffers of a socket: its writing meets the closed connection


def reset(connection: socket.socket) -> None:
    """RST instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def say_goodbye(connection: socket.socket) -> None:
    """close_notify, as TLS wants it."""
    assert isinstance(connection, ssl.SSLSocket)
    connection.settimeout(0.2)  # it waits for an answer that a sender does not give
    try:
        connection.unwrap()
    finally:
        connection.close()


@pytest.mark.parametrize("close", [socket.socket.close, reset, say_goodbye], ids=["end", "reset", "close_notify"])
@pytest.mark.parametrize("body", [b"{}", LARGE], ids=["small", "large"])
def test_a_connection_that_was_closed_while_it_waited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, close: Callable[[socket.socket], None], body: bytes
) -> None:
    """Closed between the look at it and the first byte: so the look sees nothing here."""
    authority, answered, closed, served = Authority(tmp_path), Event(), Event(), []

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        receiver.requests.append(read_request(connection))
        served.append(connection)
        connection.sendall(OK)
        if len(served) == 1:
            answered.wait(PATIENCE_S)  # a reset would take the answer back
            try:
                close(connection)
            finally:
                closed.set()

    monkeypatch.setattr(idle_connections, "_is_quiet", lambda _: True)
    guard = SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS, resolve=lambda *_: [ip_address("127.0.0.1")])
    sender = HttpWebhookSender(guard, authority.trusting)
    with Receiver(talk, authority.serving(NAME)) as receiver:
        url = f"https://{NAME}:{receiver.port}/"
        assert sender.post(url, headers={}, body=b"{}", timeout_s=PATIENCE_S).status == 200
        answered.set()
        assert closed.wait(PATIENCE_S)
        assert sender.post(url, headers={}, body=body, timeout_s=PATIENCE_S).status == 200
        assert (len(served), len(receiver.requests)) == (2, 2)
        sender.close()


@pytest.mark.parametrize("close", [reset, socket.socket.close], ids=["reset", "end"])
def test_one_that_always_hangs_up_is_a_failure(tmp_path: Path, close: Callable[[socket.socket], None]) -> None:
    """A second connection, and no third."""
    authority, connections = Authority(tmp_path), []

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        connections.append(connection)
        if len(connections) == 1:
            read_request(connection)
            connection.sendall(OK)
        read_request(connection)
        close(connection)

    guard = SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS, resolve=lambda *_: [ip_address("127.0.0.1")])
    sender = HttpWebhookSender(guard, authority.trusting)
    with Receiver(talk, authority.serving(NAME)) as receiver:
        url = f"https://{NAME}:{receiver.port}/"
        assert sender.post(url, headers={}, body=b"{}", timeout_s=PATIENCE_S).status == 200
        with pytest.raises(SendFailed) as caught:
            sender.post(url, headers={}, body=b"{}", timeout_s=PATIENCE_S)
        assert caught.value.failure in ("connection", "tls")
        assert len(connections) == 2
