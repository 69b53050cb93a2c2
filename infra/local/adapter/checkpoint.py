"""`POST /_sluice/checkpoint`: save the state now. ministack saves it only when it is shut down in good order."""

import asyncio
from typing import Any

from infra.local.adapter.listeners import Application, Message, Receive, Send
from infra.local.adapter.symbols import engine_module

app = engine_module("app", "_build_persistence_save_dict", "save_all")

PATH = "/_sluice/checkpoint"


def with_checkpoint(application: Application) -> Application:
    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await application(scope, receive, send)
            return
        await asyncio.to_thread(app.save_all, app._build_persistence_save_dict())
        headers: list[Any] = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return serve
