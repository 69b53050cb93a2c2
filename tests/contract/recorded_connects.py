"""Every address that this process tries to connect to, by whichever call. Nothing is connected to anything."""

import socket
from collections.abc import Callable
from typing import Any

import pytest


class RecordedConnects:
    """All attempts are refused, but for those to `answering`: there a peer has already said `answer`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.addresses: list[tuple[str, int]] = []
        self.answering: tuple[str, int] | None = None
        self.answer = b""
        self._peers: list[socket.socket] = []
        patch.setattr(socket, "create_connection", self._create_connection)
        patch.setattr(socket.socket, "connect", self._method())
        patch.setattr(socket.socket, "connect_ex", self._method())

    def close(self) -> None:
        while self._peers:
            self._peers.pop().close()

    def _create_connection(self, address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        self.addresses.append(address[:2])
        if address[:2] != self.answering:
            raise ConnectionRefusedError
        ours, theirs = socket.socketpair()
        self._peers.append(theirs)
        theirs.sendall(self.answer)
        theirs.shutdown(socket.SHUT_WR)
        return ours

    def _method(self) -> Callable[[socket.socket, tuple[str, int]], None]:
        def record(_: socket.socket, address: tuple[str, int]) -> None:
            self.addresses.append(address[:2])
            raise ConnectionRefusedError

        return record
