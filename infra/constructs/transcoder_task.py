"""The Fargate task that transcodes one job: no container runs, and nothing costs, until a job starts one."""

from aws_cdk import Duration, Size
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.grants import READ_ROWS, WRITE_ROWS
from infra.constructs.log_group import log_group
from infra.constructs.network import Network
from infra.constructs.transcoder_image import allow_private_pull, transcoder_image
from sluice.config import TranscoderSettings

CONTAINER = "transcoder"
SCRATCH = "/scratch"  # a VOLUME that the image creates and gives to its user: a bind mount would belong to root


class TranscoderTask(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        table: dynamodb.ITable,
        uploads: s3.IBucket,
        media: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.network = Network(self, "Network", config=config)
        self.cluster = ecs.Cluster(
            self, "Cluster", vpc=self.network.vpc, enable_fargate_capacity_providers=True, cluster_name=config.prefix
        )
        self.task_role = iam.Role(self, "TaskRole", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        self.execution_role = iam.Role(
            self, "ExecutionRole", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        )
        self.family = f"{config.prefix}-transcoder"
        arm64 = config.architecture == "arm64"
        self.definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=self.family,
            cpu=4096,
            memory_limit_mib=8192,
            ephemeral_storage_gib=200,  # source, mezzanine and output of the largest upload side by side
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64 if arm64 else ecs.CpuArchitecture.X86_64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            task_role=self.task_role,
            execution_role=self.execution_role,
            volumes=[ecs.Volume(name="scratch")],
        )
        self._add_container(config, table, uploads, media)
        allow_private_pull(self, config, self.execution_role)
        self._grant(table, uploads, media)
        self._acknowledge()

    def _add_container(self, config: Config, table: dynamodb.ITable, uploads: s3.IBucket, media: s3.IBucket) -> None:
        logs_to = log_group(self, config=config, name=f"/ecs/{self.family}")
        process = ecs.LinuxParameters(
            self, "Process", init_process_enabled=True
        )  # reaps ffmpeg's orphans, forwards signals
        container = self.definition.add_container(
            CONTAINER,
            container_name=CONTAINER,
            image=transcoder_image(self, config),
            environment=TranscoderSettings.to_env(
                environment=config.environment,
                table_name=table.table_name,
                uploads_bucket=uploads.bucket_name,
                media_bucket=media.bucket_name,
            ),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix=CONTAINER,
                log_group=logs_to,
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,  # a slow log service must not stop an encode
                max_buffer_size=Size.mebibytes(4),
            ),
            stop_timeout=Duration.seconds(120),  # Spot's notice: time to write the result row
            readonly_root_filesystem=True,
            linux_parameters=process,
        )
        container.add_mount_points(ecs.MountPoint(container_path=SCRATCH, source_volume="scratch", read_only=False))

    def _grant(self, table: dynamodb.ITable, uploads: s3.IBucket, media: s3.IBucket) -> None:
        for actions, resources in (
            ([*READ_ROWS, *WRITE_ROWS], [table.table_arn]),
            (["s3:GetObject"], [uploads.arn_for_objects("uploads/*")]),
            (
                ["s3:PutObject"],
                [media.arn_for_objects(p) for p in ("media/*", "playlists/*")],
            ),
        ):
            self.task_role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=resources))

    def _acknowledge(self) -> None:
        acknowledge(
            self.cluster,
            {"AwsSolutions-ECS4": "Container Insights bills per metric; jobs report their progress themselves."},
        )
        acknowledge(
            self.definition,
            {"AwsSolutions-ECS2": "The variables are names of resources; secrets come by role from their services."},
        )
