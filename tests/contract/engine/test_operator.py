"""The operator's command line finds the deployed function through CloudFormation and understands its answers."""

import pytest

from infra import operate
from infra.local.engine import Engine
from infra.local.templates import create_stack
from infra.operate import OperatorError, connect
from sluice.config import Environment
from tests.contract.engine.resources import function, ref, role

ANSWERS = """
def handler(event, context):
    if event["command"] == "redrive":
        raise RuntimeError("broken")
    if event["name"] == "refused":
        fields = [{"pointer": "/name", "detail": "Bad."}]
        return {"error": {"code": "invalid_request", "message": "No.", "errors": fields}}
    return {"tenant_id": "ten_" + event["name"]}
"""


def test_commands_reach_the_function_of_the_stacks_output(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(operate, "LOCAL_PORTS", engine.folder / "ports.json")
    with pytest.raises(OperatorError, match="cannot be read"):
        connect(Environment.LOCAL)
    template = {"Role": role("lambda"), "Operate": function(ANSWERS, "Role")}
    create_stack(engine, "sluice-local-operations", template, {"OperateFunction": ref("Operate")})

    assert operate.main(["create-tenant", "--name", "acme"]) == 0
    assert capsys.readouterr().out == "ten_acme\n"
    assert operate.main(["create-tenant", "--name", "refused"]) == 1
    assert capsys.readouterr().err == "invalid_request: No.\n/name: Bad.\n"
    assert operate.main(["redrive"]) == 1
    assert "RuntimeError" in capsys.readouterr().err
