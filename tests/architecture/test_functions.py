"""One folder per deployable, one handler path, each deployed by a construct."""

import ast

import pytest

from tests.architecture.source import REPOSITORY, Module, called_name, code_modules, parse, read_module, within

FUNCTIONS = REPOSITORY / "functions"
NOT_LAMBDAS = frozenset({"transcoder"})  # a container with a main.py
# The folder that a construct deploys is its keyword argument `name`; these calls take it.
DEPLOYING_CALL = "PythonFunction"
CALLS_AT_IMPORT = frozenset({"configure_logging", "add_to"})  # `add_to` registers routes, as decorators do
WORK_AT_IMPORT = frozenset({"client", "resource", "Session", "from_env", "deps", "open", "read_text", "read_bytes"})


def folders() -> list[str]:
    return sorted(folder.name for folder in FUNCTIONS.iterdir() if folder.is_dir() and any(folder.glob("*.py")))


def lambdas() -> list[str]:
    return [name for name in folders() if name not in NOT_LAMBDAS]


def deployed_modules() -> list[Module]:
    return [module for module in code_modules() if module.name.partition(".")[0] in ("sluice", "functions")]


def deployed_names() -> set[str]:
    """The `name=` of every PythonFunction in infra."""
    return {
        str(keyword.value.value)
        for module in code_modules()
        if within(module.name, "infra")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called_name(node) == DEPLOYING_CALL
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }


def handler_paths() -> set[str]:
    """Every string in infra that names a handler, f-strings as written."""
    return {
        ast.unparse(node).lstrip("f").strip("'\"")
        for module in code_modules()
        if within(module.name, "infra") and not within(module.name, "infra.local")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr | ast.Constant) and ast.unparse(node).rstrip("'\"").endswith("lambda_handler")
    } - {".handler.lambda_handler"}  # the tail inside the f-string is a node too


def top_level_names(module: Module) -> set[str]:
    names = {node.name for node in module.tree.body if isinstance(node, ast.FunctionDef)}
    for node in module.tree.body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def work_at_import(module: Module) -> list[str]:
    """What a module does beyond defining things when it is imported: loops, files, clients, settings, bare calls."""
    found: list[ast.AST] = []
    for statement in module.tree.body:
        if isinstance(statement, ast.For | ast.While | ast.With):
            found.append(statement)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            found += [statement] if called_name(statement.value) not in CALLS_AT_IMPORT else []
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
            found += [node for node in calls if called_name(node) in WORK_AT_IMPORT]
    return [f"{module.path}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)[:60]}" for node in found]


@pytest.mark.parametrize("name", lambdas())
def test_every_folder_has_the_one_handler(name: str) -> None:
    assert "lambda_handler" in top_level_names(read_module(FUNCTIONS / name / "handler.py"))


def test_every_folder_is_deployed_and_every_deployed_name_has_a_folder() -> None:
    assert deployed_names() == set(lambdas())


def test_the_container_is_deployed() -> None:
    for name in NOT_LAMBDAS:
        assert (FUNCTIONS / name / "main.py").is_file()
        assert (FUNCTIONS / name / "Dockerfile").is_file()


def test_the_handler_path_is_written_once() -> None:
    assert handler_paths() == {"functions.{name}.handler.lambda_handler"}


def test_nothing_happens_at_import() -> None:
    modules = deployed_modules()
    assert modules
    assert [line for module in modules for line in work_at_import(module)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import boto3\ntable = boto3.resource('dynamodb').Table('x')",
        "settings = ApiSettings.from_env()",
        "main()",
        "for name in NAMES:\n    register(name)",
        "from pathlib import Path\nTEXT: str = Path('x').read_text()",
    ],
)
def test_work_at_import_is_found(text: str) -> None:
    assert work_at_import(parse("functions.api_assets.handler", text)) != []


def test_definitions_are_allowed() -> None:
    text = "'''Doc.'''\nimport logging\nlogger = logging.getLogger(__name__)\nconfigure_logging()\n\n\ndef f(): g()"
    assert work_at_import(parse("functions.api_assets.handler", text)) == []
