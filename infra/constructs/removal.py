"""What happens to data when its stack goes away."""

from aws_cdk import RemovalPolicy

from infra.config import Config
from sluice.config import Environment


def data_removal(config: Config) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if config.keep_data else RemovalPolicy.DESTROY


def private_key_removal(config: Config) -> RemovalPolicy:
    """Also kept where data is not: a private key has no copy, and it leaves by a mere change of generation."""
    return RemovalPolicy.DESTROY if config.environment is Environment.LOCAL else RemovalPolicy.RETAIN
