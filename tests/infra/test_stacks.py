"""The five stacks, and that values flow one way between them."""

import pytest

from tests.infra.conftest import Synthesized
from tests.infra.deployment import STACKS, Deployment, strings

OUTPUTS = {
    "ApiUrl",
    "MediaUrl",
    "DistributionDomain",
    "ApiId",
    "DistributionId",
    "TableName",
    "UploadsBucket",
    "MediaBucket",
    "StateMachineArn",
    "OperateFunction",
    "DeliveryQueueUrl",
    "DeliveryDeadLetterQueueUrl",
    "ClusterName",
}


@pytest.mark.parametrize("environment", ["local", "dev", "staging", "prod"])
def test_every_environment_has_the_same_outputs(synthesized: Synthesized, environment: str) -> None:
    assert synthesized(environment).outputs() == OUTPUTS


def test_values_flow_one_way(dev: Deployment) -> None:
    for position, stack in enumerate(STACKS):
        later = [f"sluice-dev-{name}:" for name in STACKS[position:]]
        imported = [
            text for text in strings(dev.templates[stack]["Resources"]) if "ExportsOutput" in text and ":" in text
        ]
        assert [text for text in imported if text.startswith(tuple(later))] == [], stack


def test_stacks_stay_well_below_the_limit_of_500_resources(dev: Deployment) -> None:
    sizes = {stack: len(template["Resources"]) for stack, template in dev.templates.items()}
    assert max(sizes.values()) < 200
    assert sum(sizes.values()) > 150
