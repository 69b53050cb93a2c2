"""A socket whose operations all together end by one deadline.

A socket's own timeout starts anew with every byte, so a peer that drips bytes could hold a sender for ever.
"""

import io
import socket
import time
from typing import Any


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._end = self._start + seconds

    def restart(self, seconds: float) -> None:
        """For the next step of a conversation whose whole has no end that could be known before."""
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, more than 0. Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline exceeded")
        return left

    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self._start) * 1000)


class DeadlineSocket:
    """As much of a connected socket as http.client uses."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self.stream: io.BufferedReader = io.BufferedReader(_DeadlineReader(sock, deadline))

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._deadline.remaining())
            rest = rest[self._sock.send(rest) :]

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        """http.client asks once, and reads no further than the head by itself."""
        return self.stream

    def close(self) -> None:
        """http.client closes its socket as soon as the headers are read; the real one is closed by who opened it."""


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.remaining())
        return self._sock.recv_into(buffer)
