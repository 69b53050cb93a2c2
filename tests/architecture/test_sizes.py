"""Short files and functions: what does not fit is two things."""

import pytest

from tests.architecture.source import Module, code_modules, functions, modules_of_tests, parse

FILE_LIMIT = 250
FUNCTION_LIMIT = 40  # lines from `def` to the last one, docstring included, decorators not
HANDLER_LIMIT = 80


def is_handler(module: Module) -> bool:
    return module.name.startswith("functions.") and module.name.endswith(".handler")


def oversized(module: Module) -> list[str]:
    limit = HANDLER_LIMIT if is_handler(module) else FILE_LIMIT
    found = [f"{module.path}: {module.lines} lines"] if module.lines > limit else []
    for node in functions(module):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LIMIT:
            found.append(f"{module.path}:{node.lineno}: {node.name} has {length} lines")
    return found


def test_files_and_functions_are_short() -> None:
    assert [line for module in code_modules() + modules_of_tests() for line in oversized(module)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sluice.media.ladder", "\n" * 251),
        ("functions.playback.handler", "\n" * 81),
        ("infra.app", "def long():\n" + "    x = 1\n" * 40),
        ("infra.app", "class A:\n    async def long(self):\n" + "        x = 1\n" * 40),
    ],
)
def test_too_long_is_found(name: str, text: str) -> None:
    assert oversized(parse(name, text)) != []


def test_the_limits_themselves_are_allowed() -> None:
    assert oversized(parse("functions.playback.main", "\n" * 250)) == []
    assert oversized(parse("infra.app", "def short():\n" + "    x = 1\n" * 39)) == []
