"""The guard of tests/conftest.py does stop what it promises to stop."""

import socket

import pytest

from tests.conftest import OutsideConnection

DOCUMENTATION_ADDRESS = "192.0.2.1"  # RFC 5737: routed nowhere


@pytest.mark.parametrize("host", [DOCUMENTATION_ADDRESS, "169.254.169.254", "10.0.0.1"])
def test_connecting_outside_is_refused(host: str) -> None:
    with socket.socket() as outside, pytest.raises(OutsideConnection):
        outside.connect((host, 80))


def test_datagrams_outside_are_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as outside, pytest.raises(OutsideConnection):
        outside.sendto(b"x", (DOCUMENTATION_ADDRESS, 53))


def test_resolving_names_is_refused() -> None:
    with pytest.raises(OutsideConnection):
        socket.create_connection(("example.com", 80), timeout=1)


@pytest.mark.parametrize("host", ["", "0.0.0.0"])  # noqa: S104 - the refused case
def test_listening_on_every_interface_is_refused(host: str) -> None:
    with socket.socket() as server, pytest.raises(OutsideConnection):
        server.bind((host, 0))


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=10):
        connection, address = server.accept()
        connection.close()
    assert address[0] == "127.0.0.1"
