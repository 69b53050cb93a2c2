"""Each environment is synthesized once per session, and only if a test asks for it."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.infra.deployment import Deployment, synthesize

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
