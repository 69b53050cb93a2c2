"""Rotating a signing key: a new set of resources beside the old, then a switch."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.constructs import signing_keys
from tests.infra.deployment import Deployment, Resource, synthesize


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("rotated")
    synthesize("dev", folder, context={"generation-b": "2", "activeSlot": "b"})
    return Deployment("dev", folder)


@pytest.fixture(scope="module")
def tokens_rotated(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("tokens-rotated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing_keys, "TOKEN_GENERATION", signing_keys.TOKEN_GENERATION + 1)
        synthesize("dev", folder)
    return Deployment("dev", folder)


def keyed(deployment: Deployment, resource_type: str) -> dict[str, Resource]:
    return {one.logical_id: one for one in deployment.resources(resource_type)}


@pytest.mark.parametrize(
    "resource_type", ["AWS::SecretsManager::Secret", "Custom::SigningKey", "AWS::CloudFront::PublicKey"]
)
def test_a_new_generation_leaves_the_other_slot_alone(dev: Deployment, rotated: Deployment, resource_type: str) -> None:
    before, after = keyed(dev, resource_type), keyed(rotated, resource_type)
    [gone] = before.keys() - after.keys()
    [made] = after.keys() - before.keys()
    assert "B1" in gone
    assert "B2" in made
    for name in before.keys() & after.keys():
        assert before[name].body == after[name].body


def test_playback_signs_with_the_active_slot(rotated: Deployment) -> None:
    variables = rotated.function("playback").properties["Environment"]["Variables"]
    assert "PublicKeyB2" in variables["SLUICE_KEY_PAIR_ID"]["Ref"]
    assert "SecretB2" in variables["SLUICE_URL_SIGNING_SECRET_ARN"]["Ref"]


def test_what_the_old_slot_signed_stays_valid(rotated: Deployment) -> None:
    items = rotated.only("AWS::CloudFront::KeyGroup").properties["KeyGroupConfig"]["Items"]
    assert ["PublicKeyA1" in item["Ref"] or "PublicKeyB2" in item["Ref"] for item in items] == [True, True]


def exports(deployment: Deployment) -> dict[str, Any]:
    outputs = [output for template in deployment.templates.values() for output in template.get("Outputs", {}).values()]
    return {output["Export"]["Name"]: output["Value"] for output in outputs if "Export" in output}


def imports(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "Fn::ImportValue" in value:
            yield value["Fn::ImportValue"]
        for inner in value.values():
            yield from imports(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from imports(inner)


@pytest.mark.parametrize("after", ["rotated", "tokens_rotated"])
def test_no_other_stack_holds_a_key_back(dev: Deployment, after: str, request: pytest.FixtureRequest) -> None:
    """CloudFormation refuses to take away or change an export while a later stack still imports it."""
    held = set(imports(dev.templates))
    assert len(held) > 5
    before, now = exports(dev), exports(request.getfixturevalue(after))
    assert {name: before[name] for name in held} == {name: now.get(name) for name in held}


def test_both_playback_functions_follow_a_new_token_key(dev: Deployment, tokens_rotated: Deployment) -> None:
    generation = signing_keys.TOKEN_GENERATION
    for deployment, name in ((dev, f"SecretTokens{generation}"), (tokens_rotated, f"SecretTokens{generation + 1}")):
        [handed_over] = [
            one.properties
            for one in deployment.resources("AWS::SSM::Parameter")
            if one.properties["Name"] == "/sluice/dev/token-secret-arn"
        ]
        assert name in handed_over["Value"]["Ref"]
        read = deployment.function("playback").properties["Environment"]["Variables"]["SLUICE_TOKEN_SECRET_ARN"]
        assert read == handed_over["Value"]
        parameter = deployment.templates["api"]["Parameters"]["TokenSecretArn"]
        assert parameter["Type"] == "AWS::SSM::Parameter::Value<String>"  # read anew by every deployment
        assert parameter["Default"] == handed_over["Name"]


def test_api_playback_may_read_that_secret_alone(dev: Deployment) -> None:
    function = dev.function("api_playback")
    secret = {"Ref": "TokenSecretArn"}
    assert function.properties["Environment"]["Variables"]["SLUICE_TOKEN_SECRET_ARN"] == secret
    statements = dev.statements_of(dev.role_of(function))
    reading = [one["Resource"] for one in statements if "secretsmanager:GetSecretValue" in str(one["Action"])]
    assert reading == [secret]


def test_delivery_is_deployed_before_the_api(dev: Deployment) -> None:
    """CDK cannot tell from a parameter's name."""
    manifest = json.loads((dev.folder / "manifest.json").read_text())["artifacts"]
    assert "sluice-dev-delivery" in manifest["sluice-dev-api"]["dependencies"]
