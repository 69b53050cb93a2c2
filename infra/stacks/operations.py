"""For the people who run Sluice: alarms that reach them, and the commands they give."""

from aws_cdk import App, CfnOutput, Stack

from infra.config import Config
from infra.constructs.alarms import Alarms
from infra.constructs.foundation import Foundation
from infra.constructs.layers import Layers
from infra.constructs.operate import Operate
from infra.stacks.data import DataStack
from infra.stacks.pipeline import PipelineStack


class OperationsStack(Stack):
    def __init__(self, scope: App, config: Config, data: DataStack, pipeline: PipelineStack) -> None:
        super().__init__(scope, f"{config.prefix}-operations", description="Sluice: alarms and operator commands")
        alarms = Alarms(self, "Alarms", config=config)
        for name, queue in pipeline.dead_letter_queues.items():
            alarms.watch_dead_letters(name, queue)
        alarms.watch_workflow(pipeline.state_machine)
        alarms.watch_fetches(pipeline.fetches)
        operate = Operate(
            self,
            base=Foundation(config, Layers(self, "Layers", config=config), data.table),
            pepper=data.vault.pepper,
            deliveries=pipeline.webhooks.queue,
            dead_deliveries=pipeline.webhooks.dead_letters,
        )
        CfnOutput(self, "OperateFunction", value=operate.function.function_name)
