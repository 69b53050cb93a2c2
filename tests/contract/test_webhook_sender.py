"""The sender against a real receiver on loopback: what it says, what it refuses, and that nobody can hold it."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, Address, NameNotResolved, SsrfGuard
from sluice.adapters.webhook_sender import HttpWebhookSender
from sluice.domain.errors import UrlNotAllowed
from sluice.service.webhook_ports import Answer, SendFailed
from tests.contract.receiver import PATIENCE_S, Receiver, answering, read_request

LONG_S = 20.0  # for exchanges that end by themselves
SHORT_S = 0.5  # for those that only the deadline ends
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEADERS = {"webhook-id": "evt_1", "content-type": "application/json"}


class Names:
    """A resolver that a test can change its mind about."""

    def __init__(self) -> None:
        self.addresses = {"hook.example": ["127.0.0.1"]}
        self.asked: list[str] = []

    def __call__(self, host: str, _: int) -> list[Address]:
        self.asked.append(host)
        if host not in self.addresses:
            raise NameNotResolved()
        return [ip_address(text) for text in self.addresses[host]]


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def sender(names: Names) -> HttpWebhookSender:
    return HttpWebhookSender(SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS, resolve=names))


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    running: list[Receiver] = []

    def start(talk: Callable[[Receiver, socket.socket], None] | bytes) -> Receiver:
        running.append(Receiver(answering(talk) if isinstance(talk, bytes) else talk).__enter__())
        return running[-1]

    yield start
    for receiver in running:
        receiver.__exit__(None, None, None)


Receive = Callable[..., Receiver]


def post(sender: HttpWebhookSender, receiver: Receiver, timeout_s: float = LONG_S, body: bytes = b"{}") -> Answer:
    url = f"http://hook.example:{receiver.port}/in?a=b"
    return sender.post(url, headers=HEADERS, body=body, timeout_s=timeout_s)


def failure(sender: HttpWebhookSender, receiver: Receiver, timeout_s: float = LONG_S, body: bytes = b"{}") -> str:
    with pytest.raises(SendFailed) as caught:
        post(sender, receiver, timeout_s, body)
    assert 0 <= caught.value.latency_ms < PATIENCE_S * 1000
    return caught.value.failure


def test_exactly_these_bytes_arrive(sender: HttpWebhookSender, receive: Receive) -> None:
    receiver = receive(OK)
    body = '{"title":"Größe"}'.encode()
    answer = post(sender, receiver, body=body)
    assert (answer.status, answer.body, answer.retry_after_s) == (200, "ok", None)
    [request] = receiver.requests
    assert request.line == "POST /in?a=b HTTP/1.1"
    assert request.body == body
    assert request.headers == {
        **HEADERS,
        "host": f"hook.example:{receiver.port}",
        "user-agent": "Sluice-Webhooks/1",
        "connection": "keep-alive",
        "content-length": str(len(body)),
    }


def test_a_redirect_is_an_answer(sender: HttpWebhookSender, receive: Receive) -> None:
    elsewhere = receive(OK)
    location = f"http://hook.example:{elsewhere.port}/"
    receiver = receive(f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
    assert post(sender, receiver).status == 307
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), ("0", 0), ("-1", None), ("1e3", None), ("9" * 5_000, None), ("Tue, 01 Dec 2026 10:00:00 GMT", None)],
)
def test_retry_after(sender: HttpWebhookSender, receive: Receive, value: str, seconds: int | None) -> None:
    receiver = receive(f"HTTP/1.1 503 No\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode())
    assert post(sender, receiver).retry_after_s == seconds


def test_silence_ends_at_the_deadline(sender: HttpWebhookSender, receive: Receive) -> None:
    receiver = receive(lambda receiver, _: receiver.over.wait(PATIENCE_S))
    assert failure(sender, receiver, SHORT_S) == "timeout"


def test_a_dripping_head_ends_at_the_deadline(sender: HttpWebhookSender, receive: Receive) -> None:
    def drip(receiver: Receiver, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not receiver.over.wait(SHORT_S / 20):  # always well within a socket's own timeout
            connection.sendall(b"a")

    started = time.monotonic()
    assert failure(sender, receive(drip), SHORT_S) == "timeout"
    assert time.monotonic() - started < PATIENCE_S / 2


def test_a_dripping_body_does_not_undo_its_status(sender: HttpWebhookSender, receive: Receive) -> None:
    def drip(receiver: Receiver, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 202 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not receiver.over.wait(SHORT_S / 20):
            connection.sendall(b"a")

    answer = post(sender, receive(drip), SHORT_S)
    assert answer.status == 202 and set(answer.body) == {"a"}
    assert answer.latency_ms < PATIENCE_S * 500


@pytest.mark.parametrize("head", [b"Connection: close\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_an_endless_body_is_cut(sender: HttpWebhookSender, receive: Receive, head: bytes) -> None:
    def pour(receiver: Receiver, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head)
        while not receiver.over.is_set():
            connection.sendall(b"3e8\r\n" + "é".encode() * 500 + b"\r\n")

    receiver = receive(pour)
    answer = post(sender, receiver)
    assert answer.status == 200
    assert len(answer.body) == 1_000
    assert answer.latency_ms < LONG_S * 500, "long before the deadline"
    assert receiver.hung_up.wait(PATIENCE_S), "the sender closed the connection"


def test_a_receiver_that_does_not_read(sender: HttpWebhookSender, receive: Receive) -> None:
    receiver = receive(lambda receiver, _: receiver.over.wait(PATIENCE_S))
    assert failure(sender, receiver, SHORT_S, body=b"x" * 50_000_000) == "timeout"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 ok\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(200)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "another protocol", "no status", "too many headers", "too long a header"],
)
def test_what_is_not_an_answer(sender: HttpWebhookSender, receive: Receive, answer: bytes) -> None:
    assert failure(sender, receive(answer)) == "connection"


def test_nobody_listens(sender: HttpWebhookSender) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(SendFailed) as caught:
            sender.post(f"http://hook.example:{bound.getsockname()[1]}/", headers={}, body=b"", timeout_s=LONG_S)
    assert caught.value.failure == "connection"


def test_a_name_that_is_gone(sender: HttpWebhookSender, receive: Receive, names: Names) -> None:
    receiver = receive(OK)
    names.addresses.clear()
    assert failure(sender, receiver) == "connection"
    with pytest.raises(UrlNotAllowed):
        sender.check_url("https://hook.example/")


def test_the_address_that_was_checked_is_the_one_that_is_called(
    sender: HttpWebhookSender, receive: Receive, names: Names
) -> None:
    assert post(sender, receive(OK)).status == 200
    assert names.asked == ["hook.example"], "looked up once: there is no second answer to differ"


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]])
def test_a_name_that_moved_to_a_private_address(
    sender: HttpWebhookSender, receive: Receive, names: Names, addresses: list[str]
) -> None:
    receiver = receive(OK)
    sender.check_url(f"http://hook.example:{receiver.port}/")
    names.addresses["hook.example"] = addresses
    with pytest.raises(UrlNotAllowed):
        post(sender, receiver)
    assert receiver.requests == []


def test_the_next_address_is_tried(sender: HttpWebhookSender, receive: Receive, names: Names) -> None:
    names.addresses["hook.example"] = ["127.0.0.2", "127.0.0.1"]
    receiver = receive(OK)
    assert post(sender, receiver).status == 200
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_the_systems_resolver_reads_odd_notations(host: str) -> None:
    """In a process of its own: the guard of the tests takes such hosts for names."""
    code = (
        "from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, SsrfGuard\n"
        "from sluice.domain.errors import UrlNotAllowed\n"
        f"print(*SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS).check('http://{host}/').addresses)\n"
        f"try: SsrfGuard(allow_loopback=False, ports=WEBHOOK_PORTS).check('https://{host}/')\n"
        "except UrlNotAllowed: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["127.0.0.1", "refused"]
