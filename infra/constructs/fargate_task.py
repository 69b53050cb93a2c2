"""One kind of task: its size, its two roles, its log group, its way out of the network."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aws_cdk import Duration, Size
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.grants import deny_lookups
from infra.constructs.log_group import log_group
from infra.constructs.task_cluster import TaskCluster
from infra.constructs.transcoder_image import allow_private_pull

SCRATCH = "/scratch"  # a VOLUME that the image creates and gives to its user: a bind mount would belong to root


class TaskSize(NamedTuple):
    cpu: int  # 1,024 is one vCPU
    memory_mib: int
    storage_gib: int | None = None  # None: the 20 GiB that are free


class FargateTask(Construct):
    """`name` is the container's, and the end of the family's."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        tasks: TaskCluster,
        size: TaskSize,
        environment: Mapping[str, str],
        security_group: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        config = tasks.config
        self.name = name
        self.cluster, self.vpc = tasks.cluster, tasks.network.vpc
        self.security_group = security_group
        self.family = f"{config.prefix}-{name}"
        trusted = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        self.task_role = iam.Role(self, "TaskRole", assumed_by=trusted)
        self.execution_role = iam.Role(self, "ExecutionRole", assumed_by=trusted)
        arm64 = config.architecture == "arm64"
        self.definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=self.family,
            cpu=size.cpu,
            memory_limit_mib=size.memory_mib,
            ephemeral_storage_gib=size.storage_gib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64 if arm64 else ecs.CpuArchitecture.X86_64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            task_role=self.task_role,
            execution_role=self.execution_role,
            volumes=[ecs.Volume(name="scratch")],
        )
        self._add_container(tasks, environment)
        allow_private_pull(self, config, self.execution_role)
        reason = "The variables are names of resources; secrets come by role from their services."
        acknowledge(self.definition, {"AwsSolutions-ECS2": reason})

    def allow(
        self, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, object] | None = None
    ) -> None:
        self.task_role.add_to_principal_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        )

    def allow_rows(self, table: dynamodb.ITable, actions: Sequence[str]) -> None:
        self.allow(actions, [table.table_arn])
        deny_lookups(self.task_role, table, actions)

    def _add_container(self, tasks: TaskCluster, environment: Mapping[str, str]) -> None:
        logs_to = log_group(self, config=tasks.config, name=f"/ecs/{self.family}")
        process = ecs.LinuxParameters(
            self, "Process", init_process_enabled=True
        )  # reaps orphans of the task's programs, forwards signals
        container = self.definition.add_container(
            self.name,
            container_name=self.name,
            image=tasks.image,
            environment=environment,
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix=self.name,
                log_group=logs_to,
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,  # a slow log service must not stop an encode
                max_buffer_size=Size.mebibytes(4),
            ),
            stop_timeout=Duration.seconds(120),  # Spot's notice: time to write the result row
            readonly_root_filesystem=True,
            linux_parameters=process,
        )
        container.add_mount_points(ecs.MountPoint(container_path=SCRATCH, source_volume="scratch", read_only=False))
