"""Where tasks run: one network, one cluster, one image. Nothing costs until a state machine starts a task."""

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.network import Network
from infra.constructs.transcoder_image import transcoder_image


class TaskCluster(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.config = config
        self.network = Network(self, "Network", config=config)
        self.image = transcoder_image(self, config)
        self.cluster = ecs.Cluster(
            self, "Cluster", vpc=self.network.vpc, enable_fargate_capacity_providers=True, cluster_name=config.prefix
        )
        acknowledge(
            self.cluster,
            {"AwsSolutions-ECS4": "Container Insights bills per metric; tasks report their progress themselves."},
        )
