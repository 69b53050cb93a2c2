"""What is sent to webhook endpoints: tests of them, the log of deliveries, the dead ones and their way back."""

from typing import ClassVar

from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import (
    READ_ROWS,
    WRITE_ROWS,
    allow_listing,
    allow_rows,
    allow_secret,
    allow_webhook_targets,
)
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from infra.constructs.vault import Vault
from sluice.config import ApiDeliveriesSettings


class ApiDeliveries(Construct):
    ROUTES: ClassVar = (
        Route("POST", "/v1/webhooks/{webhook_id}/test"),
        Route("GET", "/v1/webhooks/{webhook_id}/deliveries"),
        Route("GET", "/v1/webhooks/{webhook_id}/deliveries/{event_id}"),
        Route("POST", "/v1/webhooks/{webhook_id}/deliveries/{event_id}/redrive"),
        Route("POST", "/v1/webhooks/{webhook_id}/replay"),
        Route("GET", "/v1/webhooks/{webhook_id}/replays/{replay_id}"),
        Route("GET", "/v1/dead-letters"),
        Route("POST", "/v1/dead-letters:redrive"),
    )

    def __init__(self, scope: Construct, *, base: Foundation, vault: Vault, deliveries: sqs.IQueue) -> None:
        super().__init__(scope, "Deliveries")
        api = PythonFunction(
            self,
            name="api_deliveries",
            base=base,
            memory_mb=1024,
            environment=ApiDeliveriesSettings.to_env(
                **base.settings,
                cursor_secret_arn=vault.cursor.secret_arn,
                delivery_queue_url=deliveries.queue_url,
                webhook_key_arn=vault.webhook_key.key_arn,
                webhook_targets=base.config.webhook_targets.setting,
                allow_loopback=base.config.allow_loopback,
            ),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS])
        allow_listing(api, base.table)
        allow_secret(api, vault.cursor.secret_arn)
        api.allow(["kms:Decrypt"], [vault.webhook_key.key_arn])
        api.allow(["sqs:SendMessage"], [deliveries.queue_arn])
        allow_webhook_targets(api, base.config.webhook_targets)  # a test event goes out from here
        self.function = api.function
