"""What happens to data when its stack goes away."""

from aws_cdk import RemovalPolicy

from infra.config import Config


def data_removal(config: Config) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if config.keep_data else RemovalPolicy.DESTROY
