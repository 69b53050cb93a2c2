"""The repository's Python files as syntax trees, for the rules in this folder."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
CORE = REPOSITORY / "layers" / "core" / "python"
CLIENT = REPOSITORY / "client" / "src"
CODE_ROOTS = (CORE / "sluice", CLIENT / "sluice_client", REPOSITORY / "functions", REPOSITORY / "infra")
TEST_ROOT = REPOSITORY / "tests"
SKIPPED_FOLDERS = frozenset({"__pycache__", "cdk.out", "node_modules"})

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    name: str  # as imported: "sluice.domain.ids", "functions.playback.handler"
    is_package: bool
    path: str  # relative to the repository, for messages
    tree: ast.Module
    lines: int


def parse(name: str, text: str, *, is_package: bool = False, path: str = "") -> Module:
    return Module(name, is_package, path or name, ast.parse(text), len(text.splitlines()))


def read_module(file: Path) -> Module:
    base = next((root for root in (CORE, CLIENT) if file.is_relative_to(root)), REPOSITORY)
    parts = file.relative_to(base).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return parse(name, file.read_text(), is_package=is_package, path=str(file.relative_to(REPOSITORY)))


def python_files(root: Path) -> Iterator[Path]:
    for file in sorted(root.rglob("*.py")):
        if SKIPPED_FOLDERS.isdisjoint(file.relative_to(root).parts):
            yield file


@cache
def code_modules() -> tuple[Module, ...]:
    return tuple(read_module(file) for root in CODE_ROOTS for file in python_files(root))


@cache
def modules_of_tests() -> tuple[Module, ...]:
    return tuple(read_module(file) for file in python_files(TEST_ROOT))


def imports(module: Module) -> set[str]:
    """Full dotted names, wherever in the file: `from a.b import c` gives "a.b.c"; so do literal dynamic imports."""
    found = set[str]()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = absolute_source(module, node)
            found |= {f"{source}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__"):
            found |= {str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    return found


def absolute_source(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    package = package[: len(package) - node.level + (1 if module.is_package else 0)]
    return ".".join([*package, node.module] if node.module else package)


def called_name(node: ast.Call) -> str:
    """`f(...)` and `a.b.f(...)` are both "f"."""
    target = node.func
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def functions(module: Module) -> Iterator[FunctionNode]:
    for node in ast.walk(module.tree):
        if isinstance(node, FunctionNode):
            yield node


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")
