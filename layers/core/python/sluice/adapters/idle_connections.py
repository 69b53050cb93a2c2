"""Connections that stay open between two messages to one receiver: a TLS handshake costs more than a delivery.

An open connection is used again only for the same scheme, name and port, and only while its peer's address is among
those that were checked for this very message: a name that moved is connected to anew.
"""

import select
import socket
import time
from collections.abc import Callable
from ipaddress import ip_address
from threading import Lock

from sluice.adapters.ssrf_guard import Target

MOST = 100  # of one process, which has about a thousand files
LIFE_S = 30.0  # receivers commonly hang up after 60

Key = tuple[bool, str, int]


class IdleConnections:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._idle: dict[Key, list[tuple[float, socket.socket]]] = {}
        self._count = 0

    def take(self, target: Target) -> socket.socket | None:
        while found := self._pop(_key(target)):
            since, sock = found
            if self._clock() - since < LIFE_S and _is_quiet(sock) and _peer_of(sock) in target.addresses:
                return sock
            sock.close()
        return None

    def give(self, target: Target, sock: socket.socket) -> None:
        """Makes room by the one that has waited longest: receivers that are called no more must not fill the place."""
        with self._lock:
            surplus = self._take_oldest() if self._count == MOST else None
            self._idle.setdefault(_key(target), []).append((self._clock(), sock))
            self._count += 1
        if surplus:
            surplus.close()

    def close(self) -> None:
        for key in list(self._idle):
            while found := self._pop(key):
                found[1].close()

    def __del__(self) -> None:
        self.close()

    def _pop(self, key: Key) -> tuple[float, socket.socket] | None:
        """The one that was used last: the others grow old and are closed."""
        with self._lock:
            return self._remove(key, -1) if key in self._idle else None

    def _take_oldest(self) -> socket.socket:
        key = min(self._idle, key=lambda waiting: self._idle[waiting][0][0])
        return self._remove(key, 0)[1]

    def _remove(self, key: Key, place: int) -> tuple[float, socket.socket]:
        self._count -= 1
        removed = self._idle[key].pop(place)
        if not self._idle[key]:
            del self._idle[key]
        return removed


def _key(target: Target) -> Key:
    return target.tls, target.host, target.port


def _is_quiet(sock: socket.socket) -> bool:
    """A receiver that hung up, or said more than its answer, can be read from."""
    try:
        return not select.select([sock], [], [], 0)[0]
    except (OSError, ValueError):  # closed, or a number that select does not take
        return False


def _peer_of(sock: socket.socket) -> object:
    try:
        return ip_address(sock.getpeername()[0])
    except OSError:
        return None
