"""The layers' contents, as far as it can be said without a download (the deployment on this machine installs them)."""

import dataclasses
from pathlib import Path

import pytest

from infra.config import Config, read_config
from infra.constructs import layers
from infra.constructs.layers import install_command, wheels_hash
from infra.node import OLDEST_SUPPORTED, major_version, wheel_node
from tests.infra.deployment import Deployment


@pytest.fixture
def config() -> Config:
    return read_config({"environment": "dev"}.get)


def test_wheels_are_for_lambda_and_never_built(config: Config) -> None:
    command = install_command(config, Path("/out"), layers.REQUIREMENTS)
    assert ("--python-version", "3.13") in zip(command, command[1:], strict=False)
    assert ("--python-platform", "aarch64-manylinux_2_28") in zip(command, command[1:], strict=False)
    assert ("--only-binary", ":all:") in zip(command, command[1:], strict=False)
    assert "--require-hashes" in command


def test_local_wheels_are_for_this_python() -> None:
    command = install_command(read_config({"environment": "local"}.get), Path("/out"), layers.REQUIREMENTS)
    assert "--python-platform" not in command
    assert "--python" in command


def test_the_layer_changes_with_its_lock_and_its_target(config: Config, tmp_path: Path) -> None:
    before = wheels_hash(config, layers.REQUIREMENTS)
    assert wheels_hash(config, layers.REQUIREMENTS) == before
    assert wheels_hash(dataclasses.replace(config, architecture="x86_64"), layers.REQUIREMENTS) != before
    assert wheels_hash(dataclasses.replace(config, python_version="3.14"), layers.REQUIREMENTS) != before
    lock = tmp_path / "requirements.txt"
    lock.write_bytes(layers.REQUIREMENTS.read_bytes() + b"# another\n")
    assert wheels_hash(config, lock) != before


def test_the_core_layer_holds_the_package_and_no_bytecode(dev: Deployment) -> None:
    [core] = [file.parents[2] for file in dev.folder.glob("asset.*/python/sluice/problem_json.py")]
    assert (core / "python" / "sluice" / "service" / "ports.py").is_file()
    assert list(core.rglob("*.pyc")) == []


def test_the_wheel_carries_a_node_that_jsii_likes() -> None:
    node = wheel_node()
    assert node is not None
    assert major_version(str(node)) >= OLDEST_SUPPORTED


def test_what_is_no_node_has_no_version() -> None:
    assert major_version("true") == 0
