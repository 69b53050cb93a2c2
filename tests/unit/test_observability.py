"""Log lines: one JSON object each, with what was bound to the invocation."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from sluice.observability import bind, clear, configure, observed
from tests.fakes.gateway import LambdaContext

logger = logging.getLogger("sluice.test")


@pytest.fixture(autouse=True)
def root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    clear()
    yield
    root.handlers, root.level = handlers, level


@observed("api_test")
def lambda_handler(event: Any, context: Any) -> Any:
    bind(**event)
    logger.info("thing_done", extra={"asset_id": "ast_1"})
    return event


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_holds_the_event_its_fields_and_the_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler({"tenant_id": "ten_1"}, LambdaContext("r-1"))
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "function": "api_test",
        "logger": "sluice.test",
        "message": "thing_done",
        "aws_request_id": "r-1",
        "tenant_id": "ten_1",
        "asset_id": "ast_1",
    }


def test_fields_do_not_reach_the_next_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler({"tenant_id": "ten_1"}, LambdaContext("r-1"))
    lambda_handler({}, LambdaContext("r-2"))
    second = lines(capsys)[1]
    assert second["aws_request_id"] == "r-2"
    assert "tenant_id" not in second


def test_exceptions_stay_on_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("api_test")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logger.exception("thing_failed")
    (line,) = lines(capsys)
    assert line["level"] == "ERROR"
    assert "RuntimeError: broken" in line["exception"]


def test_the_runtimes_own_handler_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    runtime = type("LambdaLoggerHandler", (logging.StreamHandler,), {"__module__": "awslambdaric.bootstrap"})()
    logging.getLogger().addHandler(runtime)
    configure("api_test")
    configure("api_test")
    logger.info("once")
    assert runtime not in logging.getLogger().handlers
    assert [line["message"] for line in lines(capsys)] == ["once"]


def test_chatty_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure("api_test")
    logging.getLogger("botocore.endpoint").info("request body")
    assert lines(capsys) == []
