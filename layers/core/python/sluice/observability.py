"""Log lines: one JSON object each, from stdlib `logging`; services only say `logger.info("what_happened", extra={})`.

Powertools' Logger is left out on purpose: it costs every cold start 130 ms, the authorizer's included. Never log
tokens, signed queries, bodies or whole events.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TextIO, TypeVar

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_bound: ContextVar[dict[str, Any] | None] = ContextVar("sluice_log_fields", default=None)

R = TypeVar("R")


class JsonLines(logging.Formatter):
    """`message` is the event's name; fields come from `bind` and from `extra`."""

    def __init__(self, function: str) -> None:
        super().__init__()
        self._function = function

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "function": self._function,
            "logger": record.name,
            "message": record.getMessage(),
            **(_bound.get() or {}),
            **extra,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class _Stdout(logging.StreamHandler[TextIO]):
    """Whatever `sys.stdout` is when a line is written."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # as logging's own last-resort handler does
        return sys.stdout


def configure(function: str) -> None:
    """Write this process's log lines to stdout as JSON. Idempotent."""
    root = logging.getLogger()
    root.setLevel(os.environ.get("SLUICE_LOG_LEVEL", "INFO"))
    # the Lambda runtime's own handler would write every line a second time, in its own shape
    root.handlers = [other for other in root.handlers if not type(other).__module__.startswith("awslambdaric")]
    ours = next((handler for handler in root.handlers if isinstance(handler, _Stdout)), None)
    if ours is None:
        ours = _Stdout()
        root.addHandler(ours)
    ours.setFormatter(JsonLines(function))
    for chatty in ("boto3", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def bind(**fields: Any) -> None:
    """Add fields to every following line of this invocation."""
    _bound.set({**(_bound.get() or {}), **fields})


def clear() -> None:
    _bound.set(None)


def observed(function: str) -> Callable[[Callable[[Any, Any], R]], Callable[[Any, Any], R]]:
    """Wrap a `lambda_handler`: its lines carry the function's name and the invocation's id."""

    def wrap(handler: Callable[[Any, Any], R]) -> Callable[[Any, Any], R]:
        @wraps(handler)
        def run(event: Any, context: Any) -> R:
            configure(function)
            clear()
            bind(aws_request_id=getattr(context, "aws_request_id", None))
            return handler(event, context)

        return run

    return wrap


def logged(handle: Callable[[Any], None]) -> Callable[[Any], None]:
    """Wrap the handler of one record of a batch: Powertools reports a record as failed, but says nowhere why."""

    @wraps(handle)
    def run(record: Any) -> None:
        try:
            handle(record)
        except Exception:
            record_id = getattr(record, "message_id", None) or getattr(record, "event_id", None)
            logging.getLogger(handle.__module__).exception("record_failed", extra={"record_id": record_id})
            raise

    return run
