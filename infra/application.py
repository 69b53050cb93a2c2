"""The five stacks of one environment."""

from aws_cdk import App, Tags

from infra.config import read_config
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.delivery import DeliveryStack
from infra.stacks.operations import OperationsStack
from infra.stacks.pipeline import PipelineStack


def build(app: App) -> None:
    config = read_config(app.node.try_get_context)
    data = DataStack(app, config)
    delivery = DeliveryStack(app, config, data)
    pipeline = PipelineStack(app, config, data, delivery)
    ApiStack(app, config, data, delivery, pipeline)
    OperationsStack(app, config, data, pipeline)
    Tags.of(app).add("sluice:environment", config.environment)


def synthesize() -> None:
    """Called by the CDK CLI, which passes context and output folder by environment variables."""
    app = App(analytics_reporting=False)
    build(app)
    app.synth()
