"""The start-up check of the symbols that we patch or call."""

import ast
import subprocess
from pathlib import Path

from infra.local.engine import ENGINE_PYTHON, REPOSITORY

ADAPTER = REPOSITORY / "infra" / "local" / "adapter"


def in_engine_environment(code: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"}
    return subprocess.run([ENGINE_PYTHON, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_a_symbol_that_is_gone_stops_the_start_and_is_named_with_the_version() -> None:
    ended = in_engine_environment(
        "from infra.local.adapter.symbols import engine_module\n"
        "engine_module('services.ecs', '_run_task', '_no_such_symbol', 'Missing.member')"
    )
    assert ended.returncode != 0
    assert (
        "ministack 1.5.33 lacks ministack.services.ecs._no_such_symbol, ministack.services.ecs.Missing.member"
        in ended.stderr
    )
    assert "_run_task" not in ended.stderr.splitlines()[-1]


def test_a_module_that_is_gone_is_named() -> None:
    ended = in_engine_environment(
        "from infra.local.adapter.symbols import engine_module\nengine_module('services.no_such_service')"
    )
    assert "ministack 1.5.33 has no module ministack.services.no_such_service" in ended.stderr


def test_every_symbol_in_use_is_checked_at_start() -> None:
    undeclared = {
        f"{path.name}: {module}.{name}"
        for path in ADAPTER.glob("*.py")
        for module, name, declared in uses(path)
        if name not in declared
    }
    assert undeclared == set()


def uses(path: Path) -> list[tuple[str, str, frozenset[str]]]:
    """Each `module.name` in the file on a module that came from engine_module, with what was declared for it."""
    tree = ast.parse(path.read_text())
    declared: dict[str, frozenset[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called, target = node.value.func, node.targets[0]
            if isinstance(called, ast.Name) and called.id == "engine_module" and isinstance(target, ast.Name):
                names = [a.value for a in node.value.args[1:] if isinstance(a, ast.Constant)]
                declared[target.id] = frozenset(str(name).split(".")[0] for name in names)
    return [
        (node.value.id, node.attr, declared[node.value.id])
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in declared
    ]
