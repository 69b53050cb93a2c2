"""A test that cannot fail is a defect. This finds the plain ones: no check at all, or a check of a constant."""

import ast

import pytest

from tests.architecture.source import FunctionNode, Module, called_name, functions, modules_of_tests, parse

# A call of one of these fails when it should: pytest's own, property-based machines, and our `assert_...` functions.
CHECKING_CALLS = frozenset({"raises", "warns", "fail", "run_state_machine_as_test"})


def is_test(node: FunctionNode) -> bool:
    return node.name.startswith("test_")


def is_constant(expression: ast.expr) -> bool:
    """`True`, `1 == 1`, `x == x`, `(a, "message")`: true whatever the code under test does."""
    if isinstance(expression, ast.Constant | ast.Tuple | ast.List | ast.Dict):
        return not isinstance(expression, ast.Constant) or bool(expression.value)
    if isinstance(expression, ast.UnaryOp):
        return isinstance(expression.operand, ast.Constant)
    if isinstance(expression, ast.Compare):
        sides = [expression.left, *expression.comparators]
        return len({ast.dump(side) for side in sides}) == 1 or all(isinstance(side, ast.Constant) for side in sides)
    if isinstance(expression, ast.BoolOp) and isinstance(expression.op, ast.Or):
        return any(is_constant(value) for value in expression.values)
    return False


def checks_something(node: FunctionNode) -> bool:
    for child in ast.walk(node):
        if isinstance(child, ast.Assert) and not is_constant(child.test):
            return True
        if isinstance(child, ast.Call):
            name = called_name(child)
            if name in CHECKING_CALLS or name.startswith(("assert_", "check_")):
                return True
    return False


def swallows_failures(node: FunctionNode) -> bool:
    """`except AssertionError`, `except Exception: pass` and the bare kind hide the failure that the test is for."""
    for child in ast.walk(node):
        if isinstance(child, ast.ExceptHandler):
            caught = ast.unparse(child.type) if child.type else "BaseException"
            silent = all(isinstance(statement, ast.Pass | ast.Continue) for statement in child.body)
            if "AssertionError" in caught or (silent and caught in ("Exception", "BaseException")):
                return True
    return False


def dishonest(module: Module) -> list[str]:
    found = []
    for node in functions(module):
        if is_test(node) and (not checks_something(node) or swallows_failures(node)):
            found.append(f"{module.path}:{node.lineno}: {node.name}")
        found += [
            f"{module.path}:{child.lineno}: {ast.unparse(child)}"
            for child in ast.walk(node)
            if isinstance(child, ast.Assert) and is_constant(child.test)
        ]
    return sorted(set(found))


def test_every_test_can_fail() -> None:
    modules = modules_of_tests()
    assert any(is_test(node) for module in modules for node in functions(module))
    assert [line for module in modules for line in dishonest(module)] == []


@pytest.mark.parametrize(
    "body",
    [
        "run()",
        "assert True",
        "assert 1 == 1",
        "assert not False",
        "assert x == x",
        "assert (x == 1, 'message')",
        "assert run() or True",
        "try:\n        assert run()\n    except AssertionError:\n        pass",
        "try:\n        assert run()\n    except Exception:\n        pass",
    ],
)
def test_a_test_that_cannot_fail_is_found(body: str) -> None:
    assert dishonest(parse("tests.unit.test_x", f"def test_x():\n    {body}\n")) != []


@pytest.mark.parametrize(
    "body",
    [
        "assert run() == 1",
        "with pytest.raises(ValueError):\n        run()",
        "assert_same(run(), 1)",
        "assert not run()",
    ],
)
def test_an_honest_test_is_allowed(body: str) -> None:
    assert dishonest(parse("tests.unit.test_x", f"def test_x():\n    {body}\n")) == []
