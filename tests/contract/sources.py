"""Sources of URL ingest for tests: a reader on loopback, and servers that behave as badly as a test wants."""

import re
import socket
from collections.abc import Callable
from ipaddress import ip_address

from sluice.adapters.source_body import HttpSource
from sluice.adapters.source_reader import HttpSourceReader
from sluice.adapters.ssrf_guard import INGEST_PORTS, Address, SsrfGuard
from tests.contract.receiver import Receiver, read_request

BODY = bytes(range(256)) * 400  # more than one read
ETAG = '"v1"'
SHORT_S = 0.5  # of idle time, where only it ends the test
HOST = "source.example"

Talk = Callable[[Receiver, socket.socket], None]


def resolve(host: str, _: int) -> list[Address]:
    """Every name leads to loopback."""
    try:
        return [ip_address(host)]
    except ValueError:
        return [ip_address("127.0.0.1")]


def reader(*, idle_s: float = 20, connect_s: float = 20) -> HttpSourceReader:
    guard = SsrfGuard(allow_loopback=True, ports=INGEST_PORTS, resolve=resolve)
    return HttpSourceReader(guard, connect_timeout_s=connect_s, idle_timeout_s=idle_s)


def url_of(receiver: Receiver, path: str = "/film.mp4", host: str = HOST) -> str:
    return f"http://{host}:{receiver.port}{path}"


def begin(receiver: Receiver, *, start: int = 0, validator: str | None = None, idle_s: float = 20) -> None:
    """Opens and reads nothing: for what is refused by the head of its answer."""
    with reader(idle_s=idle_s).open(url_of(receiver), {}, start=start, validator=validator):
        pass


def read_all(source: HttpSource) -> bytes:
    return b"".join(iter(lambda: source.read(100_000), b""))


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def saying(*pieces: bytes) -> Talk:
    """Reads the request, says this, and hangs up."""

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        receiver.requests.append(read_request(connection))
        for piece in pieces:
            connection.sendall(piece)

    return talk


def serving(body: bytes = BODY, *, etag: str = ETAG, cut_at: list[int] | None = None) -> Talk:
    """A server with ranges; each connection ends at the next of the offsets `cut_at`, while there are any."""
    cuts = cut_at or []

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        request = read_request(connection)
        receiver.requests.append(request)
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(wanted[1]) if wanted and request.headers.get("if-range") == etag else 0
        lines = [f"ETag: {etag}", f"Content-Length: {len(body) - start}", "Content-Type: video/mp4"]
        if start:
            lines.append(f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}")
        connection.sendall(head(*lines, status="206 Partial Content" if start else "200 OK"))
        connection.sendall(body[start : cuts.pop(0)] if cuts else body[start:])

    return talk
