"""The one table: on demand, recoverable to any second of the last 35 days, with a stream of every change."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.config import Config
from infra.constructs.removal import data_removal
from sluice import table as names


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


class Table(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text(names.PK),
            sort_key=_text(names.SK),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,  # a stream's view cannot be widened later
            time_to_live_attribute=names.TTL,
            deletion_protection=config.keep_data,
            removal_policy=data_removal(config),
        )
        for index, partition_key, sort_key in (
            (names.LIST_INDEX, names.LIST_PK, names.LIST_SK),
            (names.DUE_INDEX, names.DUE_PK, names.DUE_SK),
        ):
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=_text(partition_key),
                sort_key=_text(sort_key),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
