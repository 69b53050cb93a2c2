"""What deployed code imports is in the lock of each place where it runs."""

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import packages_distributions

from tests.architecture.source import Module, code_modules, imports, within
from tests.architecture.test_imports import OURS
from tests.architecture.test_locks import LAYER_LOCK, REQUIREMENTS, RUNTIME_PROVIDES, pins

IN_THE_ENGINE = "infra.local.adapter"  # runs in the engine's own virtual environment
ONLY_IN_THE_CONTAINER = ("sluice.adapters.process", "functions.transcoder")


@cache
def installed() -> Mapping[str, list[str]]:
    """Import name -> distributions; reading them takes a second."""
    return packages_distributions()


def third_party_distributions(modules: Iterable[Module]) -> dict[str, str]:
    """Distribution -> a module that imports it."""
    known = installed()
    found: dict[str, str] = {}
    for module in modules:
        for root in {name.partition(".")[0] for name in imports(module)}:
            if root not in sys.stdlib_module_names and root not in OURS:
                assert root in known, f"{module.path} imports {root}, which is not installed"
                found[known[root][0].lower().replace("_", "-")] = module.path
    return found


def deployed_modules() -> list[Module]:
    return [module for module in code_modules() if module.name.partition(".")[0] in ("sluice", "functions")]


def missing(modules: Iterable[Module], available: Iterable[str]) -> dict[str, str]:
    provided = set(available)
    return {name: path for name, path in third_party_distributions(modules).items() if name not in provided}


def test_lambdas_import_only_what_the_layer_or_the_runtime_has() -> None:
    in_lambda = [
        module
        for module in deployed_modules()
        if not any(within(module.name, package) for package in ONLY_IN_THE_CONTAINER)
    ]
    assert third_party_distributions(in_lambda)
    assert missing(in_lambda, pins(LAYER_LOCK.read_text()).keys() | RUNTIME_PROVIDES) == {}


def test_the_container_has_everything() -> None:
    assert missing(deployed_modules(), pins((REQUIREMENTS / "transcoder.txt").read_text())) == {}


def test_tools_import_only_what_the_developers_lock_has() -> None:
    infra = [module for module in code_modules() if within(module.name, "infra")]
    tools = [module for module in infra if not within(module.name, IN_THE_ENGINE)]
    assert missing(tools, pins((REQUIREMENTS / "dev.txt").read_text())) == {}


def test_a_missing_package_is_found() -> None:
    assert missing(deployed_modules(), []) != {}
