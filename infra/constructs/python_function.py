"""A Lambda function of ours: one folder, one role with explicit actions, one log group."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.foundation import Foundation
from infra.constructs.function_code import function_code
from infra.constructs.layers import lambda_architecture
from infra.constructs.log_group import log_group


def function_role(scope: Construct, *, name: str, config: Config) -> iam.Role:
    """Made apart from its function only where another role has to trust it first."""
    return iam.Role(
        scope,
        f"{_pascal_case(name)}Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=f"{config.prefix}-{name}",
    )


class PythonFunction(Construct):
    """Construct id = PascalCase of the folder. `name` is the folder under functions/."""

    def __init__(
        self,
        scope: Construct,
        *,
        name: str,
        base: Foundation,
        environment: Mapping[str, str],
        timeout_s: int = 30,
        memory_mb: int = 512,  # below, imports alone take seconds: CPU is proportional to memory
        role: iam.Role | None = None,
        reserved_concurrency: int | None = None,
        extra_layers: Sequence[lambda_.ILayerVersion] = (),
        storage_gib: int | None = None,  # of /tmp; None: the half GiB that is free
    ) -> None:
        super().__init__(scope, _pascal_case(name))
        config = base.config
        full_name = f"{config.prefix}-{name}"
        logs_to = log_group(self, config=config, name=f"/aws/lambda/{full_name}")
        self.role = role or function_role(self, name=name, config=config)
        self.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs_to.log_group_arn])
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=full_name,
            code=function_code(name),
            handler=f"functions.{name}.handler.lambda_handler",
            runtime=lambda_.Runtime(f"python{config.python_version}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_architecture(config),
            layers=[*base.layers.versions, *extra_layers],
            environment={"POWERTOOLS_SERVICE_NAME": name, **environment},
            timeout=Duration.seconds(timeout_s),
            memory_size=memory_mb,
            ephemeral_storage_size=Size.gibibytes(storage_gib) if storage_gib else None,
            role=self.role,
            log_group=logs_to,
            reserved_concurrent_executions=reserved_concurrency,
            logging_format=lambda_.LoggingFormat.JSON,
        )
        reason = "The runtime moves together with the wheels that the layer locks, not with AWS's newest."
        acknowledge(self.function, {"AwsSolutions-L1": reason})

    def allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        )


def _pascal_case(name: str) -> str:
    return name.title().replace("_", "")
