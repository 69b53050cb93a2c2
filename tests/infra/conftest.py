"""Each environment is synthesized once per session, and only if a test asks for it."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.infra.deployment import WITH_TARGETS, Deployment, synthesize

Synthesized = Callable[[str], Deployment]


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    @cache
    def make(environment: str) -> Deployment:
        folder = tmp_path_factory.mktemp(environment)
        synthesize(environment, folder)
        return Deployment(environment, folder)

    return make


@pytest.fixture(scope="session")
def dev(synthesized: Synthesized) -> Deployment:
    return synthesized("dev")


@pytest.fixture(scope="session")
def prod(synthesized: Synthesized) -> Deployment:
    return synthesized("prod")


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """With a queue and a bus of the operator as targets of webhooks."""
    folder = tmp_path_factory.mktemp("targets")
    synthesize("dev", folder, context=WITH_TARGETS)
    return Deployment("dev", folder)
