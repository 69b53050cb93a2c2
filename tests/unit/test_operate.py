"""An operator's commands, from the command line to the rows."""

import io
import json
from typing import Any

import pytest

from functions.operate import handler
from infra import operate
from infra.operate import Operator, OperatorError, arguments, run
from sluice.bootstrap import Operate
from sluice.domain.api_keys import digest, parse_key
from sluice.domain.ids import Prefix, is_id
from sluice.service.identity import Identifier, Identity
from tests.fakes.delivery_queue import FakeDeadLetterQueue, FakeDeliveryQueue
from tests.fakes.gateway import LambdaContext
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds


class InProcessLambda:
    """`lambda.invoke` of the handler in this process, through JSON as over the wire."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  # boto3's names
        try:
            result = handler.lambda_handler(json.loads(Payload), LambdaContext())
        except Exception as error:
            failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failure).encode())}
        return {"Payload": io.BytesIO(json.dumps(result).encode())}


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Operate:
    clock = FakeClock()
    ports = Operate(
        environment="dev",
        records=FakeRecords(),
        now=clock,
        new_id=FakeIds(),
        pepper=lambda: b"pepper",
        random_bytes=lambda size: b"r" * size,
        queue=FakeDeliveryQueue(clock),
        dead_letters=FakeDeadLetterQueue(clock),
    )
    monkeypatch.setattr(handler, "deps", lambda: ports)
    return ports


@pytest.fixture
def operator(ports: Operate) -> Operator:
    return Operator(InProcessLambda(), "sluice-dev-operate")


def command_line(operator: Operator, *words: str) -> None:
    run(arguments(words), operator)


def test_a_printed_key_identifies_its_tenant(
    ports: Operate, operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    command_line(operator, "create-tenant", "--name", " Acme ")
    tenant_id = capsys.readouterr().out.splitlines()[-1]
    stored = ports.records.tenant(tenant_id)
    assert stored is not None and stored.name == "Acme"

    command_line(operator, "create-key", "--tenant", tenant_id, "--scopes", "uploads:write, assets:read")
    printed = capsys.readouterr()
    key = printed.out.splitlines()[-1]
    assert "not shown again" in printed.err and key not in printed.err
    identifier = Identifier(
        environment="dev", pepper=b"pepper", upload_token_key=lambda: b"token key", records=ports.records, now=ports.now
    )
    identity = identifier.identify(f"Bearer {key}")
    assert isinstance(identity, Identity)
    assert (identity.tenant_id, identity.scopes) == (tenant_id, ("assets:read", "uploads:write"))


def test_the_key_is_in_no_log_line(ports: Operate, operator: Operator, caplog: pytest.LogCaptureFixture) -> None:
    made = operator.create_key(operator.create_tenant("Acme"), ["assets:read"], expires_in_days=30)
    assert made["expires_at"] == "2026-12-31T10:00:00+00:00"
    presented = parse_key(made["key"], "dev")
    assert presented is not None
    assert ports.records.api_key(made["key_id"]).digest == digest(b"pepper", presented.secret)  # type: ignore[union-attr]
    assert "command_done" in caplog.text
    assert made["key"] not in caplog.text and presented.secret not in caplog.text


@pytest.mark.parametrize(
    ("event", "code", "pointer"),
    [
        ({}, "invalid_request", None),
        ({"command": "drop_table"}, "invalid_request", None),
        ({"command": "create_tenant", "name": " "}, "invalid_request", "/name"),
        ({"command": "create_tenant", "name": "a", "plan": "x"}, "invalid_request", "/plan"),
        (
            {"command": "create_key", "tenant_id": "t", "scopes": ["assets:read"], "expires_in_days": 0},
            "invalid_request",
            "/expires_in_days",
        ),
        ({"command": "create_key", "tenant_id": "t", "scopes": ["all"]}, "invalid_request", "/scopes"),
        ({"command": "create_key", "tenant_id": "t", "scopes": ["assets:read"]}, "tenant_not_found", None),
    ],
)
def test_a_bad_command_is_a_typed_error(ports: Operate, event: dict[str, Any], code: str, pointer: str | None) -> None:
    error = handler.lambda_handler(event, LambdaContext())["error"]
    assert error["code"] == code
    if pointer:
        assert [field["pointer"] for field in error["errors"]] == [pointer]


def test_errors_reach_the_operator_as_words(operator: Operator) -> None:
    with pytest.raises(OperatorError, match="tenant_not_found: There is no such tenant"):
        operator.create_key("ten_x", ["assets:read"])
    with pytest.raises(OperatorError, match="/scopes: Unknown scope all"):
        operator.create_key("ten_x", ["all"])


def test_a_crash_of_the_function_is_told(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "run", lambda command: 1 / 0)
    with pytest.raises(OperatorError, match="ZeroDivisionError"):
        operator.create_tenant("Acme")


def test_a_redrive_counts(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    command_line(operator, "redrive")
    assert capsys.readouterr().out.splitlines()[-1] == "sent 0, dropped 0, kept 0"


def test_without_the_embedded_aws_the_command_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(operate, "LOCAL_PORTS", tmp_path / "ports.json")
    assert operate.main(["create-tenant", "--name", "Acme"]) == 1
    assert "make up" in capsys.readouterr().err


def test_ids_of_new_tenants_are_ids(operator: Operator) -> None:
    assert is_id(Prefix.TENANT, operator.create_tenant("Acme"))
