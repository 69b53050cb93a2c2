"""One place starts programs, so that one place sandboxes them."""

import ast

import pytest

from tests.architecture.source import Module, called_name, code_modules, imports, parse, within

# The adapter starts the launcher, which locks itself in and then becomes the program.
THE_ONE_PLACE = ("sluice.adapters.process", "sluice.adapters.launcher")
STARTING_MODULES = frozenset({"subprocess", "multiprocessing", "pty", "concurrent.futures.ProcessPoolExecutor"})
STARTING_CALLS = frozenset(
    {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"}
    | {"create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"}
    | {f"{verb}{suffix}" for verb in ("exec", "spawn") for suffix in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
)


def process_starts(module: Module) -> list[str]:
    found = [name for name in imports(module) if any(within(name, starting) for starting in STARTING_MODULES)]
    found += [
        ast.unparse(node.func)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called_name(node) in STARTING_CALLS
    ]
    return [f"{module.path}: {name}" for name in sorted(found)]


def test_only_the_process_adapter_starts_programs() -> None:
    deployed = [module for module in code_modules() if module.name.partition(".")[0] in ("sluice", "functions")]
    outside = [module for module in deployed if module.name not in THE_ONE_PLACE]
    assert outside
    assert [line for module in outside for line in process_starts(module)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from subprocess import Popen",
        "from concurrent.futures import ProcessPoolExecutor",
        "import os\nos.system('ls')",
        "import os\nos.execvp('ls', [])",
        "from os import posix_spawn\nposix_spawn('ls', [], {})",
        "import asyncio\nasyncio.create_subprocess_exec('ls')",
        "import importlib\nimportlib.import_module('subprocess')",
    ],
)
def test_a_process_start_is_found(text: str) -> None:
    assert process_starts(parse("sluice.media.ladder", text)) != []
