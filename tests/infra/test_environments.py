"""`local` is the same template: what differs is listed here, each with its reason, and nothing else may."""

import re
from collections.abc import Iterator
from typing import Any

from tests.infra.conftest import Synthesized
from tests.infra.deployment import STACKS, Deployment

DIFFERENCES = {
    "AWS::Lambda::EventSourceMapping ScalingConfig.MaximumConcurrency": "each call is one more process here",
    "AWS::Lambda::Function Architectures[0]": "assets run on this machine's processor",
    "AWS::Lambda::Function Runtime": "assets run on this machine's Python",
    "AWS::Lambda::LayerVersion CompatibleArchitectures[0]": "assets run on this machine's processor",
    "AWS::Lambda::LayerVersion Content.S3Key": "wheels for this machine",
    "AWS::ECS::TaskDefinition RuntimePlatform.CpuArchitecture": "the task runs on this machine's processor",
    "AWS::ECS::TaskDefinition ContainerDefinitions[0].Image.Fn::Sub": "the image is for this machine's processor",
    "AWS::Lambda::Function Environment.Variables.SLUICE_ALLOW_LOOPBACK": "webhook receivers and sources on loopback",
    "AWS::ECS::TaskDefinition ContainerDefinitions[0].Environment[6].Value": "the fetcher's: sources on loopback",
    "AWS::Lambda::Function Environment.Variables.SLUICE_FAULT_WAIT_S": "a local attempt is repeated at once",
    "AWS::Lambda::Function Environment.Variables.SLUICE_CAPACITY_WAIT_S": "no capacity has to be waited for",
    "AWS::Lambda::Function Environment.Variables.SLUICE_RETRY_SCHEDULE_S": "a demo waits seconds, not minutes",
    "AWS::Lambda::Function Environment.Variables.SLUICE_DEMANDS_SANDBOX": "a laptop's kernel may have no seccomp",
    "AWS::Logs::LogGroup RetentionInDays": "short retention",
    "AWS::SecretsManager::Secret DeletionPolicy": "this engine's signing keys end with it",
    "AWS::SecretsManager::Secret UpdateReplacePolicy": "this engine's signing keys end with it",
}
# On a machine like AWS's (arm64 with Python 3.13) these are equal, so they may be missing.
BY_MACHINE = {name for name, reason in DIFFERENCES.items() if "this machine" in reason}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def renamed(value: Any, old: str, new: str) -> Any:
    """The environment's name is part of names everywhere; that is no difference."""
    if isinstance(value, dict):
        return {renamed(key, old, new): renamed(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, old, new) for inner in value]
    if not isinstance(value, str):
        return value
    for around in ("sluice-{}", "sluice{}", "/{}/"):
        value = value.replace(around.format(old), around.format(new))
    if f"sluice{new}" in value:  # ids that CDK makes of a stack's name end in a hash of it
        value = re.sub("[0-9A-F]{8,}", "", value)
    return new if value == old else value


def resources(deployment: Deployment, stack: str) -> dict[str, dict[str, Any]]:
    """As if it were dev."""
    found: dict[str, dict[str, Any]] = renamed(deployment.templates[stack]["Resources"], deployment.environment, "dev")
    return found


def differences(mine: dict[str, Any], other: dict[str, Any]) -> set[str]:
    kind = mine.get("Type", "Output")
    left, right = dict(leaves(mine.get("Properties", mine))), dict(leaves(other.get("Properties", other)))
    names = {name for name in left.keys() | right.keys() if left.get(name, ...) != right.get(name, ...)}
    own = {key for key in ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn") if mine.get(key) != other.get(key)}
    return {f"{kind} {name}" for name in names | own}


def all_differences(one: Deployment, other: Deployment) -> set[str]:
    found = set[str]()
    for stack in STACKS:
        mine, theirs = resources(one, stack), resources(other, stack)
        assert mine.keys() == theirs.keys(), stack
        for name, resource in mine.items():
            found |= differences(resource, theirs[name])
        assert one.templates[stack].get("Outputs", {}).keys() == other.templates[stack].get("Outputs", {}).keys()
    return found


def test_local_differs_from_dev_in_settings_only(synthesized: Synthesized) -> None:
    found = all_differences(synthesized("local"), synthesized("dev"))
    print("\n".join(f"{name}: {DIFFERENCES.get(name, 'UNEXPECTED')}" for name in sorted(found)))
    assert found - DIFFERENCES.keys() == set()
    assert DIFFERENCES.keys() - BY_MACHINE - found == set(), "listed, but not there any more"


def test_prod_differs_from_dev_in_what_it_keeps(synthesized: Synthesized) -> None:
    found = all_differences(synthesized("prod"), synthesized("dev"))
    keeping = ("DeletionPolicy", "UpdateReplacePolicy", "DeletionProtectionEnabled", "RetentionInDays")
    assert {one for one in found if not one.endswith(keeping)} == set()
    assert len(found) > 4


def test_staging_is_prod_with_shorter_logs(synthesized: Synthesized) -> None:
    assert all_differences(synthesized("staging"), synthesized("prod")) == {"AWS::Logs::LogGroup RetentionInDays"}
