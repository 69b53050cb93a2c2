"""State machines of a template, as a validator and a reader want them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.node import wheel_node
from tests.infra.deployment import REPOSITORY, Deployment, flat

VALIDATOR = REPOSITORY / "node_modules" / "asl-validator"


def definition_of(deployment: Deployment, name: str) -> dict[str, Any]:
    """References become readable text: an ARN where AWS puts one, so that validators are content."""
    parts = deployment.state_machine(name).properties["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else _stand_in(part) for part in parts)
    found: dict[str, Any] = json.loads(text)
    return found


def _stand_in(reference: dict[str, Any]) -> str:
    if reference == {"Ref": "AWS::Partition"}:
        return "aws"
    name = flat(reference).strip("<>")
    return f"arn:aws:lambda:eu-central-1:123456789012:function:{name.split('.')[0]}" if "Function" in name else name


def state(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """Of the machine itself or of a branch; a name is unique among all of them."""
    return next(states[name] for states in _scopes(definition) if name in states)


def attempts_of(definition: dict[str, Any]) -> dict[str, Any]:
    """The branch of `transcode` beside the fast lane's."""
    [both] = definition["States"].values()
    return dict(both["Branches"][1])


def _scopes(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield machine["States"]
    for found in machine["States"].values():
        for branch in found.get("Branches", []):
            yield from _scopes(branch)


def command_of(definition: dict[str, Any], name: str) -> list[str]:
    """The words of a task's command; what comes from the state's input stands as its path."""
    [override] = state(definition, name)["Parameters"]["Overrides"]["ContainerOverrides"]
    text = override["Command.$"].removeprefix("States.Array(").removesuffix(")")
    return [word.strip(" '") for word in text.split(",")]


def complaints(definition: dict[str, Any], folder: Path) -> str:
    """Of asl-validator; empty when it has none."""
    if not VALIDATOR.exists():
        pytest.skip("node_modules is not installed (make setup)")
    file = folder / "machine.asl.json"
    file.write_text(json.dumps(definition))
    node = wheel_node()
    assert node is not None
    command = [str(node), str(VALIDATOR / "dist" / "bin" / "asl-validator.js"), "--json-path", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return answer.stdout + answer.stderr if answer.returncode else ""
