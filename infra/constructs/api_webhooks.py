"""Webhook endpoints: create, list, look, change, delete; rotate their secrets."""

from typing import ClassVar

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from infra.constructs.vault import Vault
from sluice.config import ApiWebhooksSettings


class ApiWebhooks(Construct):
    ROUTES: ClassVar = (
        Route("POST", "/v1/webhooks"),
        Route("GET", "/v1/webhooks"),
        Route("GET", "/v1/webhooks/{webhook_id}"),
        Route("PATCH", "/v1/webhooks/{webhook_id}"),
        Route("DELETE", "/v1/webhooks/{webhook_id}"),
        Route("POST", "/v1/webhooks/{webhook_id}/rotate-secret"),
    )

    def __init__(self, scope: Construct, *, base: Foundation, vault: Vault) -> None:
        super().__init__(scope, "Webhooks")
        api = PythonFunction(
            self,
            name="api_webhooks",
            base=base,
            memory_mb=1024,
            environment=ApiWebhooksSettings.to_env(
                **base.settings,
                cursor_secret_arn=vault.cursor.secret_arn,
                webhook_key_arn=vault.webhook_key.key_arn,
                webhook_targets=base.config.webhook_targets.setting,
                allow_loopback=base.config.allow_loopback,
            ),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])
        allow_secret(api, vault.cursor.secret_arn)
        api.allow(["kms:GenerateDataKey"], [vault.webhook_key.key_arn])
        self.function = api.function
