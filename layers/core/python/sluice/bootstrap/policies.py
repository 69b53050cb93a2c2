"""What uploads are held to: intake policies."""

from collections.abc import Callable
from dataclasses import dataclass

from sluice import config
from sluice.bootstrap.deployable import Core, records
from sluice.service.policy_ports import MetadataSchemas


@dataclass(frozen=True, kw_only=True)
class ApiPolicies(Core):
    schemas: MetadataSchemas
    cursor_key: Callable[[], bytes]


def api_policies(settings: config.ApiPoliciesSettings) -> ApiPolicies:
    from sluice.adapters.metadata_schemas import JsonMetadataSchemas
    from sluice.adapters.secrets import SecretsManager, secrets_client

    secrets = SecretsManager(secrets_client())
    return ApiPolicies(
        environment=settings.environment,
        records=records(settings),
        schemas=JsonMetadataSchemas(),
        cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode(),
    )
