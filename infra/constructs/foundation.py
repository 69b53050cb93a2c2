"""What every function of a stack stands on."""

from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb

from infra.config import Config
from infra.constructs.layers import Layers


@dataclass(frozen=True)
class Foundation:
    config: Config
    layers: Layers
    table: dynamodb.ITable

    @property
    def settings(self) -> dict[str, str]:
        """The part that all settings classes share."""
        return {"environment": self.config.environment, "table_name": self.table.table_name}

    @property
    def starting(self) -> dict[str, int]:
        """What everybody who starts transcodes shares."""
        return {"max_vcpus": self.config.max_vcpus, "max_tenant_vcpus": self.config.max_tenant_vcpus}
