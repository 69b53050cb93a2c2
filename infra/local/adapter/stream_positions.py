"""After a restart an event source reads its table's stream from the first new record.

ministack keeps the positions of its event sources over a restart but not the streams, so a source would pass over as
many new records as it had read before.
"""

from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

lambda_svc = engine_module("services.lambda_svc", "_restore_esm_positions", "_dynamodb_stream_positions")


def install() -> None:
    wrap(lambda_svc, "_restore_esm_positions", from_the_start)


def from_the_start(original: Any) -> Any:
    def restore(store: Any, positions: Any) -> None:
        original(store, positions)
        if store is lambda_svc._dynamodb_stream_positions:
            store._data.update(dict.fromkeys(store._data, 0))

    return restore
