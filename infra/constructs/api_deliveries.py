"""What is sent to webhook endpoints: tests of them."""

from typing import ClassVar

from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import allow_rows
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiDeliveriesSettings


class ApiDeliveries(Construct):
    ROUTES: ClassVar = (Route("POST", "/v1/webhooks/{webhook_id}/test"),)

    def __init__(self, scope: Construct, *, base: Foundation, webhook_key: kms.IKey) -> None:
        super().__init__(scope, "Deliveries")
        api = PythonFunction(
            self,
            name="api_deliveries",
            base=base,
            memory_mb=1024,
            environment=ApiDeliveriesSettings.to_env(
                **base.settings, webhook_key_arn=webhook_key.key_arn, allow_loopback=base.config.allow_loopback
            ),
        )
        allow_rows(api, base.table, ["dynamodb:GetItem"])
        api.allow(["kms:Decrypt"], [webhook_key.key_arn])
        self.function = api.function
