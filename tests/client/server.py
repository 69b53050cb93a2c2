"""The HTTP side of the fake cloud: connections that break, answers that were never asked for."""

import json
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from tests.client.views import problem

LOOPBACK = "127.0.0.1"


@dataclass
class Fault:
    """What happens instead, the next `times` times that `on` (a pattern of "METHOD /path") comes."""

    on: str
    do: Literal["answer", "drop_in_body", "drop_unanswered"] = "answer"
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Seen:
    line: str  # "PUT /s3/upl_1/3"
    headers: dict[str, str]  # names in lower case


class Refused(Exception):
    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers


Answer = tuple[int, Any, dict[str, str]]


class Backend(Protocol):
    seen: list[Seen]
    crashes: list[BaseException]

    def serving(self, change: int) -> None: ...
    def fault(self, line: str) -> Fault | None: ...
    def before_answer(self, line: str) -> None: ...
    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud: Backend) -> None:
        self.cloud = cloud
        super().__init__((LOOPBACK, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed leaves broken connections; anything else is a defect of this fake."""
        error = sys.exc_info()[1]
        if error and not isinstance(error, ConnectionError):
            self.cloud.crashes.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: the second would wait for an acknowledgement
    server: Server

    def handle(self) -> None:
        """All requests of one connection."""
        self.server.cloud.serving(1)
        try:
            super().handle()
        finally:
            self.server.cloud.serving(-1)

    def _serve(self) -> None:
        cloud, line = self.server.cloud, f"{self.command} {urlsplit(self.path).path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        cloud.seen.append(Seen(line, headers))
        fault, length = cloud.fault(line), int(headers.get("content-length", "0"))
        if fault and fault.do == "drop_in_body":
            self.rfile.read(length // 2)
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if len(body) < length:  # the client is gone
            self.close_connection = True
        elif fault and fault.do == "answer":
            self._send(fault.status, fault.body, fault.headers)
        else:
            self._work(line, headers, body, silent=fault is not None)

    def _work(self, line: str, headers: dict[str, str], body: bytes, *, silent: bool) -> None:
        try:
            status, answer, extra = self.server.cloud.answer(self.command, self.path, headers, body)
        except Refused as refused:
            status, answer = refused.status, problem(refused.status, refused.code)
            extra = {"Content-Type": "application/problem+json"}
        self.server.cloud.before_answer(line)
        if silent:
            self.close_connection = True
            return
        self._send(status, answer, extra)

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        body = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """The tests look at `seen`."""
