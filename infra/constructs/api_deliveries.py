"""What is sent to webhook endpoints: tests of them, and the log of deliveries."""

from typing import ClassVar

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from infra.constructs.vault import Vault
from sluice.config import ApiDeliveriesSettings


class ApiDeliveries(Construct):
    ROUTES: ClassVar = (
        Route("POST", "/v1/webhooks/{webhook_id}/test"),
        Route("GET", "/v1/webhooks/{webhook_id}/deliveries"),
        Route("GET", "/v1/webhooks/{webhook_id}/deliveries/{event_id}"),
    )

    def __init__(self, scope: Construct, *, base: Foundation, vault: Vault) -> None:
        super().__init__(scope, "Deliveries")
        api = PythonFunction(
            self,
            name="api_deliveries",
            base=base,
            memory_mb=1024,
            environment=ApiDeliveriesSettings.to_env(
                **base.settings,
                cursor_secret_arn=vault.cursor.secret_arn,
                webhook_key_arn=vault.webhook_key.key_arn,
                allow_loopback=base.config.allow_loopback,
            ),
        )
        allow_rows(api, base.table, ["dynamodb:GetItem", "dynamodb:Query"])
        allow_secret(api, vault.cursor.secret_arn)
        api.allow(["kms:Decrypt"], [vault.webhook_key.key_arn])
        self.function = api.function
