"""Log groups exist before anything writes to them, so that none is made without a retention."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Config

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
}


def log_group(scope: Construct, *, config: Config, name: str) -> logs.LogGroup:
    """Removed with its stack everywhere: logs are not data, and a kept name would block the next deployment."""
    return logs.LogGroup(
        scope,
        "Logs",
        log_group_name=name,
        retention=_RETENTION[config.log_retention_days],
        removal_policy=RemovalPolicy.DESTROY,
    )
