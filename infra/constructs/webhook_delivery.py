"""Signed webhooks: queue, `deliver_webhook`, and the dead deliveries that an operator can send again."""

from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import READ_ROWS, WRITE_ROWS, allow_rows, allow_webhook_targets
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import WorkQueue
from sluice.config import DeliverWebhookSettings

TIMEOUT_S = 30  # an endpoint may take 15 s; the rest is for the table


class WebhookDelivery(Construct):
    """SQS's own redrive is for crashes; a delivery that used up its schedule is sent to the dead letters by us."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        webhook_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        work = WorkQueue(self, "Work", consumer_timeout_s=TIMEOUT_S)
        function = PythonFunction(
            self,
            name="deliver_webhook",
            base=base,
            timeout_s=TIMEOUT_S,
            memory_mb=1024,  # ten TLS handshakes at once
            environment=DeliverWebhookSettings.to_env(
                **base.settings,
                delivery_queue_url=work.queue.queue_url,
                dead_letter_queue_url=work.dead_letters.queue_url,
                webhook_key_arn=webhook_key.key_arn,
                webhook_targets=base.config.webhook_targets.setting,
                allow_loopback=base.config.allow_loopback,
                retry_schedule_s=base.config.retry_schedule_s,
            ),
        )
        allow_rows(function, base.table, [*READ_ROWS, *WRITE_ROWS])
        function.allow(["sqs:SendMessage"], [work.queue.queue_arn, work.dead_letters.queue_arn])
        allow_webhook_targets(function, base.config.webhook_targets)
        function.allow(["kms:Decrypt"], [webhook_key.key_arn])
        # Each sends the ten of its batch at once, and takes as long as the slowest. At worst each holds one attempt: by
        # default twice what one tenant may have in flight (domain/endpoint_health), a fifth of an account's functions.
        work.feed(function, batch_size=10, max_concurrency=base.config.delivery_concurrency)
        self.queue = work.queue
        self.dead_letters = work.dead_letters
