"""The API and the media host, each on a port of its own.

Clients that cannot set a Host header (browsers, players, Python without *.localhost) reach the HTTP API and the
distribution by a plain `http://127.0.0.1:<port>`. The engine serves all ports with one application; this one looks at
the port that a request came in on, and gives it the Host header by which ministack knows its target. TLS ends at the
edge on AWS, so a request on these ports counts as one that came by https.
"""

import contextvars
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.adapter.symbols import engine_module

cloudfront = engine_module("services.cloudfront", "_distributions")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

VIEWER_ORIGIN: contextvars.ContextVar[str | None] = contextvars.ContextVar("viewer_origin", default=None)
"""`http://127.0.0.1:<port>` as the viewer wrote it: what a CloudFront policy's Resource is compared with."""

NOT_DEPLOYED = b'{"message":"nothing is deployed behind this port yet"}'


@dataclass(frozen=True)
class Listeners:
    """`targets` is a JSON file {"api_id", "distribution_id"} written by the deployment, read at each request."""

    api_port: int
    media_port: int
    targets: Path

    def host_for(self, port: int) -> str | None:
        """The Host header of the target behind a listener port; None while nothing is deployed there."""
        try:
            targets = json.loads(self.targets.read_text())
        except FileNotFoundError:
            return None
        if port == self.api_port:
            return f"{targets['api_id']}.execute-api.localhost"
        distribution = cloudfront._distributions.get(targets["distribution_id"])
        return str(distribution["DomainName"]) if distribution else None


def with_listeners(application: Application, listeners: Listeners) -> Application:
    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        port = (scope.get("server") or (None, None))[1]
        if scope["type"] != "http" or port not in (listeners.api_port, listeners.media_port):
            await application(scope, receive, send)
            return
        host = listeners.host_for(port)
        if host is None:
            await _answer_not_deployed(send)
            return
        VIEWER_ORIGIN.set(_viewer_origin(scope))
        await application({**scope, "headers": _with_host(scope["headers"], host)}, receive, send)

    return serve


def _viewer_origin(scope: Message) -> str:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"), "")
    return f"http://{host}"


def _with_host(headers: list[tuple[bytes, bytes]], host: str) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() not in (b"host", b"x-forwarded-proto")]
    return [*kept, (b"host", host.encode()), (b"x-forwarded-proto", b"https")]


async def _answer_not_deployed(send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(NOT_DEPLOYED)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": NOT_DEPLOYED})
