"""Signed webhooks: queue, `deliver_webhook`, and the dead deliveries that an operator can send again."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Config
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_rows
from infra.constructs.layers import Layers
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import WorkQueue
from sluice.config import DeliverWebhookSettings

TIMEOUT_S = 30  # an endpoint may take 15 s; the rest is for the table


class WebhookDelivery(Construct):
    """SQS's own redrive into the dead-letter queue is for crashes; a delivery that used up its schedule is sent there by us."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        layers: Layers,
        table: dynamodb.ITable,
        webhook_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        work = WorkQueue(self, "Work", consumer_timeout_s=TIMEOUT_S)
        function = PythonFunction(
            self,
            name="deliver_webhook",
            config=config,
            layers=layers,
            timeout_s=TIMEOUT_S,
            environment=DeliverWebhookSettings.to_env(
                environment=config.environment,
                table_name=table.table_name,
                delivery_queue_url=work.queue.queue_url,
                dead_letter_queue_url=work.dead_letters.queue_url,
                webhook_key_arn=webhook_key.key_arn,
                allow_loopback=config.allow_loopback,
                retry_schedule_s=config.retry_schedule_s,
            ),
        )
        allow_rows(function, table, [*READ_ROWS, *WRITE_ROWS])
        function.allow(["sqs:SendMessage"], [work.queue.queue_arn, work.dead_letters.queue_arn])
        function.allow(["kms:Decrypt"], [webhook_key.key_arn])
        work.feed(function, batch_size=1, max_concurrency=50)  # a slow endpoint holds up nobody else's delivery
        self.queue = work.queue
        self.dead_letters = work.dead_letters
