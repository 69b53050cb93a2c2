"""A webhook receiver on loopback: verifies every request with the Standard Webhooks library and keeps the events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Received:
    event: dict[str, Any]
    verified: bool

    @property
    def type(self) -> str:
        return str(self.event["type"])

    @property
    def asset_id(self) -> str:
        return str(self.event["data"]["asset_id"])

    @property
    def sequence(self) -> int:
        return int(self.event["sequence"])


@dataclass(frozen=True)
class Request:
    """One attempt as it reached the endpoint."""

    webhook_id: str  # the header: the same for every attempt at one event
    status: int  # what it was answered


class Receiver:
    """`with Receiver() as receiver: ... receiver.trust(secret) ... receiver.wait(asset_id, known=3, timeout_s=10)`.

    Its port is its own from the start, but nobody answers there outside the `with` block: an endpoint that is down.
    """

    def __init__(self, refusals: Sequence[int] = ()) -> None:
        """`refusals`: statuses that the first requests are answered with."""
        self.requests: list[Request] = []
        self._refusals = list(refusals)
        self._received: dict[str, Received] = {}  # by event id: deliveries are at-least-once
        self._changed = Condition()
        self._webhook: Webhook | None = None
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler(), bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.server_bind()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/webhooks"

    def trust(self, secret: str) -> None:
        """Verify with this `whsec_` secret from now on."""
        self._webhook = Webhook(secret)

    def events(self, asset_id: str) -> list[Received]:
        """This asset's events, ordered by sequence."""
        with self._changed:
            mine = [one for one in self._received.values() if one.asset_id == asset_id]
        return sorted(mine, key=lambda one: one.sequence)

    def wait(self, asset_id: str, known: int, timeout_s: float) -> list[Received]:
        """As `events`, once there are more than `known` of them or after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(
                lambda: sum(one.asset_id == asset_id for one in self._received.values()) > known, timeout_s
            )
        return self.events(asset_id)

    def _answer(self, body: bytes, headers: dict[str, str]) -> int:
        with self._changed:
            refusal = self._refusals.pop(0) if self._refusals else None
        status = refusal or self._accept(body, headers)
        with self._changed:
            self.requests.append(Request(headers.get("webhook-id", ""), status))
            self._changed.notify_all()
        return status

    def _accept(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            if self._webhook is None:
                return 503
            self._webhook.verify(body, headers)
            verified = True
        except WebhookVerificationError:
            verified = False
        event = json.loads(body)
        with self._changed:
            self._received[event["id"]] = Received(event, verified)
            self._changed.notify_all()
        return 204 if verified else 400

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._answer(body, headers))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """The demo prints its own story."""

        return Handler

    def __enter__(self) -> Self:
        self._server.server_activate()
        Thread(target=self._server.serve_forever, daemon=True, name="webhook-receiver").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
