"""A peer that does a little, again and again, does not move the deadline."""

import socket
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest

from sluice.adapters.deadline_socket import Deadline, DeadlineSocket

DEADLINE_S = 0.5
TOO_LONG_S = 60.0  # what an exchange of a million small steps would take is well above


@pytest.fixture
def peers() -> Iterator[tuple[socket.socket, Callable[[Callable[[socket.socket], object]], None]]]:
    """Our end, and a function that makes the other end repeat a small step."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    over, threads = Event(), []

    def repeat(step: Callable[[socket.socket], object]) -> None:
        def run() -> None:
            while not over.wait(DEADLINE_S / 50):
                step(theirs)

        threads.append(Thread(target=run))
        threads[-1].start()

    yield ours, repeat
    over.set()
    for thread in threads:
        thread.join(TOO_LONG_S)
    ours.close()
    theirs.close()


Peers = tuple[socket.socket, Callable[[Callable[[socket.socket], object]], None]]


def test_sending_to_a_slow_reader(peers: Peers) -> None:
    ours, repeat = peers
    repeat(lambda theirs: theirs.recv(4_096))
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        DeadlineSocket(ours, Deadline(DEADLINE_S)).sendall(b"x" * 50_000_000)
    assert time.monotonic() - started < TOO_LONG_S


def test_reading_a_line_from_a_slow_writer(peers: Peers) -> None:
    ours, repeat = peers
    repeat(lambda theirs: theirs.send(b"x"))
    started = time.monotonic()
    with pytest.raises(TimeoutError), DeadlineSocket(ours, Deadline(DEADLINE_S)).makefile("rb") as stream:
        stream.readline()
    assert time.monotonic() - started < TOO_LONG_S


def test_everything_is_sent(peers: Peers) -> None:
    ours, repeat = peers
    received: list[bytes] = []
    repeat(lambda theirs: received.append(theirs.recv(65_536)))
    DeadlineSocket(ours, Deadline(TOO_LONG_S)).sendall(bytes(range(256)) * 100)
    ours.shutdown(socket.SHUT_WR)
    waited_until = time.monotonic() + TOO_LONG_S
    while sum(map(len, received)) < 25_600:
        assert time.monotonic() < waited_until
    assert b"".join(received) == bytes(range(256)) * 100
