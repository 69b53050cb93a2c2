"""The two Lambda layers: our own package, and the locked third-party packages for the functions' processor."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "layers" / "deps" / "requirements.txt"
IGNORED = ["**/__pycache__", "**/*.pyc", "**/.DS_Store"]

_PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}  # also accept manylinux2014 wheels


def uv_program() -> str:
    """The uv of this virtual environment, so that a deployer needs no other tool."""
    beside_python = Path(sys.executable).with_name("uv")
    return str(beside_python) if beside_python.exists() else "uv"


def install_command(config: Config, target_folder: Path, requirements: Path) -> list[str]:
    target = (
        ["--python", sys.executable]
        if config.builds_for_host
        else ["--python-version", config.python_version, "--python-platform", _PLATFORMS[config.architecture]]
    )
    how = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"]
    where = ["--target", str(target_folder), "--requirement", str(requirements)]
    return [uv_program(), "pip", "install", *how, *target, *where]


def install(config: Config, target_folder: Path, requirements: Path) -> None:
    environment = {**os.environ, "UV_NO_CONFIG": "1"}  # the lock decides, not a pyproject nearby
    command = install_command(config, target_folder, requirements)
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - fixed arguments


@jsii.implements(ILocalBundling)
class WheelBundling:
    """Unpacks the locked wheels without Docker. A wheel that does not exist for the target fails the synth."""

    def __init__(self, config: Config) -> None:
        self._config = config

    # jsii passes BundlingOptions as keyword arguments; nothing in them matters here
    def try_bundle(self, output_dir: str, *, image: DockerImage, **options: object) -> bool:
        install(self._config, Path(output_dir) / "python", REQUIREMENTS)
        return True


def wheels_hash(config: Config, requirements: Path) -> str:
    """The same lock for the same target is the same layer: CDK then reuses what it has bundled before."""
    parts = [
        requirements.read_bytes(),
        config.python_version.encode(),
        config.architecture.encode(),
        sys.platform.encode(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def lambda_architecture(config: Config) -> lambda_.Architecture:
    return lambda_.Architecture.ARM_64 if config.architecture == "arm64" else lambda_.Architecture.X86_64


class Layers(Construct):
    """One pair per stack: a layer version shared across stacks would be an export that cannot change."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        core = lambda_.LayerVersion(
            self,
            "Core",
            code=lambda_.Code.from_asset(str(REPOSITORY / "layers" / "core"), exclude=IGNORED),
            description="sluice",
        )
        deps = lambda_.LayerVersion(
            self,
            "Deps",
            code=lambda_.Code.from_asset(
                str(REQUIREMENTS.parent),
                asset_hash=wheels_hash(config, REQUIREMENTS),
                asset_hash_type=AssetHashType.CUSTOM,
                bundling=BundlingOptions(image=DockerImage.from_registry("scratch"), local=WheelBundling(config)),
            ),
            compatible_architectures=[lambda_architecture(config)],
            description="locked third-party packages",
        )
        self.versions = [core, deps]
