"""The commands of an operator (tenants, keys, redrives), run inside the account under a role of their own."""

from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_rows, allow_secret
from infra.constructs.python_function import PythonFunction
from sluice.config import OperateSettings


class Operate(Construct):
    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        pepper: secretsmanager.ISecret,
        deliveries: sqs.IQueue,
        dead_deliveries: sqs.IQueue,
    ) -> None:
        super().__init__(scope, "Operators")
        operate = PythonFunction(
            self,
            name="operate",
            base=base,
            timeout_s=300,  # a redrive of many dead deliveries
            environment=OperateSettings.to_env(
                **base.settings,
                pepper_secret_arn=pepper.secret_arn,
                delivery_queue_url=deliveries.queue_url,
                dead_letter_queue_url=dead_deliveries.queue_url,
            ),
        )
        allow_rows(operate, base.table, [*READ_ROWS, *WRITE_ROWS])
        allow_secret(operate, pepper.secret_arn)
        operate.allow(["sqs:SendMessage"], [deliveries.queue_arn])
        operate.allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], [dead_deliveries.queue_arn])
        self.function = operate.function
