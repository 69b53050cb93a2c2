"""Use cases and the domain read no clock: time is a parameter."""

import ast

import pytest

from tests.architecture.source import Module, called_name, code_modules, parse, within

PURE = ("sluice.domain", "sluice.media", "sluice.service", "sluice.table")
CLOCKS = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter"})


def clock_readings(module: Module) -> list[str]:
    """Calls such as datetime.now(UTC); a port's own method, clock.now(), is how time comes in and is fine."""
    return [
        f"{module.path}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called_name(node) in CLOCKS and reads_stdlib(node)
    ]


def reads_stdlib(node: ast.Call) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(owner, ast.Name | ast.Attribute) and ast.unparse(owner).rpartition(".")[2] in (
        "datetime",
        "date",
        "time",
    )


def test_pure_packages_read_no_clock() -> None:
    pure = [module for module in code_modules() if any(within(module.name, package) for package in PURE)]
    assert pure
    assert [line for module in pure for line in clock_readings(module)] == []


@pytest.mark.parametrize("text", ["datetime.now(UTC)", "datetime.datetime.now()", "date.today()", "time.monotonic()"])
def test_a_clock_reading_is_found(text: str) -> None:
    assert clock_readings(parse("sluice.service.uploads", text)) == [f"sluice.service.uploads:1: {text}"]


def test_a_clock_port_is_allowed() -> None:
    assert clock_readings(parse("sluice.service.uploads", "clock.now()")) == []
