"""Rotating a signing key: a new set of resources beside the old, then a switch."""

import pytest

from tests.infra.deployment import Deployment, Resource, synthesize


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("rotated")
    synthesize("dev", folder, context={"generation-b": "2", "activeSlot": "b"})
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
