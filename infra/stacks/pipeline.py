"""From a URL or a stored object to a playable asset and a delivered webhook."""

from aws_cdk import App, CfnOutput, Stack

from infra.config import Config
from infra.constructs.event_dispatch import EventDispatch
from infra.constructs.fast_lane import FastLane
from infra.constructs.fetch_workflow import FetchWorkflow
from infra.constructs.fetcher_task import fetcher_task
from infra.constructs.foundation import Foundation
from infra.constructs.layers import Layers
from infra.constructs.media_layer import media_layer
from infra.constructs.object_intake import ObjectIntake
from infra.constructs.reconciliation import Reconciliation
from infra.constructs.task_cluster import TaskCluster
from infra.constructs.thumbnails import Thumbnails
from infra.constructs.transcode_workflow import TranscodeWorkflow
from infra.constructs.transcoder_task import transcoder_task
from infra.constructs.upload_completion import UploadCompletion
from infra.constructs.waiting_jobs import WaitingJobs
from infra.constructs.webhook_delivery import WebhookDelivery
from infra.stacks.data import DataStack
from infra.stacks.delivery import DeliveryStack


class PipelineStack(Stack):
    def __init__(self, scope: App, config: Config, data: DataStack, delivery: DeliveryStack) -> None:
        super().__init__(scope, f"{config.prefix}-pipeline", description="Sluice: transcoding, events, webhooks")
        base = Foundation(config, Layers(self, "Layers", config=config), data.table)
        uploads, media = data.uploads, delivery.media
        self.completion = UploadCompletion(self, "UploadCompletion", base=base, uploads=uploads)
        tasks = TaskCluster(self, "Tasks", config=config)
        task = transcoder_task(self, tasks=tasks, table=data.table, uploads=uploads, media=media)
        programs = media_layer(self, config=config)
        lane = config.fast_lane and FastLane(
            self, "FastLane", base=base, uploads=uploads, media=media, programs=programs
        )
        self.thumbnails = Thumbnails(self, "Thumbnails", base=base, uploads=uploads, media=media, programs=programs)
        early = lane.function if lane else None
        self.state_machine = TranscodeWorkflow(self, "Workflow", base=base, task=task, early=early).state_machine
        WaitingJobs(self, "WaitingJobs", base=base, state_machine=self.state_machine)
        fetcher = fetcher_task(self, tasks=tasks, table=data.table, uploads=uploads, completions=self.completion.queue)
        self.fetches = FetchWorkflow(self, "Fetching", base=base, task=fetcher, uploads=uploads).state_machine
        intake = ObjectIntake(self, "ObjectIntake", base=base, uploads=uploads, state_machine=self.state_machine)
        self.webhooks = WebhookDelivery(self, "WebhookDelivery", base=base, webhook_key=data.vault.webhook_key)
        dispatch = EventDispatch(self, "EventDispatch", base=base, deliveries=self.webhooks.queue)
        reconciliation = Reconciliation(
            self,
            "Reconciliation",
            base=base,
            uploads=uploads,
            media=media,
            state_machine=self.state_machine,
            fetches=self.fetches,
            deliveries=self.webhooks.queue,
            completions=self.completion.queue,
            thumbnails=self.thumbnails.function,
        )
        sources = (self.completion, intake, dispatch, self.webhooks, reconciliation, self.thumbnails)
        self.dead_letter_queues = {source.node.id: source.dead_letters for source in sources}
        CfnOutput(self, "StateMachineArn", value=self.state_machine.state_machine_arn)
        CfnOutput(self, "ClusterName", value=tasks.cluster.cluster_name)
        CfnOutput(self, "DeliveryQueueUrl", value=self.webhooks.queue.queue_url)
        CfnOutput(self, "DeliveryDeadLetterQueueUrl", value=self.webhooks.dead_letters.queue_url)
