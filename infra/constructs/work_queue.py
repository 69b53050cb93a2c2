"""A queue that nothing can fall out of: what cannot be handled lands in its dead-letter queue, which has an alarm."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.python_function import PythonFunction

KEPT_FOR = Duration.days(14)  # SQS's maximum: a long weekend must not lose work
VISIBILITY_FACTOR = 6  # AWS's advice for Lambda consumers: throttled batches come back before they are handed out again


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    queue = sqs.Queue(
        scope,
        construct_id,
        retention_period=KEPT_FOR,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
    )
    acknowledge(queue, {"AwsSolutions-SQS3": "It is the dead-letter queue, also where no queue but a stream feeds it."})
    return queue


class WorkQueue(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, consumer_timeout_s: int, tries: int = 5) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=Duration.seconds(consumer_timeout_s * VISIBILITY_FACTOR),
            retention_period=KEPT_FOR,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=tries, queue=self.dead_letters),
        )

    def feed(self, consumer: PythonFunction, *, batch_size: int, max_concurrency: int) -> None:
        """Failed messages of a batch are reported one by one; the others are not handled again."""
        consumer.allow(
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"],
            [self.queue.queue_arn],
        )
        mapping = lambda_.EventSourceMapping(
            consumer,
            "Queue",
            target=consumer.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
        mapping.node.add_dependency(consumer.role)  # the mapping is refused while the role may not read the queue
