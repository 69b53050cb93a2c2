"""Open connections are used again, but for no address that was not checked, and never at the cost of a message."""

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from sluice.adapters.idle_connections import LIFE_S, MOST, IdleConnections
from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, Address, SsrfGuard, Target
from sluice.adapters.webhook_sender import HttpWebhookSender
from sluice.service.webhook_ports import Answer
from tests.contract.receiver import Receiver, read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Talk = Callable[[Receiver, socket.socket], None]


class Post:
    def __init__(self) -> None:
        self.address = "127.0.0.1"
        self.sender = HttpWebhookSender(SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS, resolve=self.resolve))

    def resolve(self, host: str, port: int) -> list[Address]:
        return [ip_address(self.address)]

    def __call__(self, receiver: Receiver) -> Answer:
        return self.sender.post(f"http://hook.example:{receiver.port}/", headers={}, body=b"{}", timeout_s=20)


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.sender.close()


def lasting(answer: bytes, times: int) -> tuple[Talk, list[socket.socket]]:
    """So many answers on a connection, and the connections there were."""
    connections: list[socket.socket] = []

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        connections.append(connection)
        for _ in range(times):
            receiver.requests.append(read_request(connection))
            connection.sendall(answer)

    return talk, connections


def test_a_second_message_takes_the_same_connection(post: Post) -> None:
    talk, connections = lasting(OK, 3)
    with Receiver(talk) as receiver:
        assert [post(receiver).status for _ in range(3)] == [200, 200, 200]
        assert (len(connections), len(receiver.requests)) == (1, 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9_000,
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["says so", "more than is read", "HTTP/1.0"],
)
def test_some_answers_end_a_connection(post: Post, answer: bytes) -> None:
    talk, connections = lasting(answer, 1)
    with Receiver(talk) as receiver:
        assert [post(receiver).status for _ in range(2)] == [200, 200]
        assert len(connections) == 2


def test_a_receiver_that_hung_up_is_called_again(post: Post) -> None:
    talk, connections = lasting(OK, 1)
    with Receiver(talk) as receiver:
        assert [post(receiver).status for _ in range(5)] == [200] * 5
        assert len(connections) == 5


def test_one_that_hangs_up_on_the_second_message_is_called_again(post: Post) -> None:
    connections = []

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        connections.append(connection)
        receiver.requests.append(read_request(connection))
        connection.sendall(OK)
        read_request(connection)  # and nothing is said to it

    with Receiver(talk) as receiver:
        assert [post(receiver).status for _ in range(2)] == [200, 200]
        assert len(connections) == 2
        post.sender.close()  # the receiver waits for a third


def test_a_connection_to_an_address_that_is_no_longer_the_name_s_is_not_used(post: Post) -> None:
    idle = IdleConnections()
    talk, _ = lasting(OK, 1)
    with Receiver(talk) as receiver:
        target = Target(False, "hook.example", receiver.port, "/", (ip_address("127.0.0.1"),))
        for addresses, kept in (((ip_address("127.0.0.2"),), False), (target.addresses, True)):
            idle.give(target, socket.create_connection(("127.0.0.1", receiver.port)))
            found = idle.take(target._replace(addresses=addresses))
            assert (found is not None) == kept
            if found:
                found.close()


def test_an_old_connection_is_not_used(post: Post) -> None:
    now = 0.0
    idle = IdleConnections(lambda: now)
    talk, _ = lasting(OK, 1)
    with Receiver(talk) as receiver:
        target = Target(False, "hook.example", receiver.port, "/", (ip_address("127.0.0.1"),))
        idle.give(target, socket.create_connection(("127.0.0.1", receiver.port)))
        now = LIFE_S
        assert idle.take(target) is None


def test_connections_that_nobody_takes_again_make_room() -> None:
    """Else a hundred receivers that were called once would be the last whose connections are kept."""
    idle = IdleConnections()
    pairs = [socket.socketpair() for _ in range(MOST + 1)]
    targets = [Target(False, f"hook{number}.example", 80, "/", ()) for number in range(MOST + 1)]
    for target, (ours, _) in zip(targets, pairs, strict=True):
        idle.give(target, ours)
    assert [ours.fileno() == -1 for ours, _ in pairs] == [True] + [False] * MOST
    idle.close()
    assert all(ours.fileno() == -1 for ours, _ in pairs)
    for _, theirs in pairs:
        theirs.close()
