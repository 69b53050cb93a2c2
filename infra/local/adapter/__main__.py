"""The engine process: ministack with our patches, listening on the gateway port and the two listener ports.

Started by `infra.local.engine`, which gives it an environment of its own (settings are variables, because ministack
reads them when it is imported).
"""

import asyncio
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from infra.local.adapter import (
    checksums,
    cloudformation,
    containers,
    function_url_origin,
    functions,
    http_api,
    image_registry,
    run_task_authorization,
    signed_urls,
    states_execution,
    states_history,
    states_map,
    states_parallel,
    states_paths,
    states_tasks,
    stop_task,
    stream_positions,
    task_events,
    task_roles,
)
from infra.local.adapter.checkpoint import with_checkpoint
from infra.local.adapter.listeners import Listeners, with_listeners
from infra.local.adapter.symbols import engine_module

app = engine_module("app", "app", "pin_request_origin", "_get_module")
lambda_runtime = engine_module("core.lambda_runtime", "reset")

PATCHES: tuple[Any, ...] = (
    cloudformation,
    containers,
    stop_task,  # before the events, so that an event shows the true reason
    task_events,
    task_roles,
    run_task_authorization,
    image_registry,
    function_url_origin,
    functions,
    stream_positions,
    http_api,
    signed_urls,
    checksums,
    states_execution,
    states_tasks,
    states_parallel,
    states_map,
    states_paths,
    states_history,  # around all that run states
)


def main() -> None:
    os.environ.pop("PYTHONPATH", None)  # ours; functions must not inherit it
    listeners = Listeners(
        api_port=int(os.environ.pop("SLUICE_API_PORT")),
        media_port=int(os.environ.pop("SLUICE_MEDIA_PORT")),
        targets=Path(os.environ.pop("SLUICE_TARGETS")),
    )
    for patch in PATCHES:
        patch.install()
    count_loopback_as_tls()
    asyncio.run(serve(listeners))


def count_loopback_as_tls() -> None:
    """Policies that demand aws:SecureTransport hold for clients on this machine."""
    original = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure: original(source_ip, True)


async def serve(listeners: Listeners) -> None:
    config = engine_module("app", "_HypercornConfig")._HypercornConfig()
    gateway = int(os.environ["GATEWAY_PORT"])
    config.bind = [f"127.0.0.1:{port}" for port in (gateway, listeners.api_port, listeners.media_port)]
    config.keep_alive_timeout = 75  # longer than clients keep idle connections
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    application = with_listeners(with_checkpoint(app.app), listeners)
    hypercorn: Any = importlib.import_module("hypercorn.asyncio")
    await hypercorn.serve(application, config, shutdown_trigger=stop.wait)
    leave()


def leave() -> None:
    """Without a farewell to ministack's threads, some of which wait on functions that nobody needs any more.

    The state is saved by then.
    """
    containers.stop_all()
    lambda_runtime.reset()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
