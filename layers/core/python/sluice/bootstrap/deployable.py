"""What every deployable takes: the table, the clock, fresh ids."""

from dataclasses import dataclass

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.service.ports import Clock, Ids, Records


def records(settings: config.Settings) -> Records:
    from sluice.adapters.records import DynamoRecords, dynamodb_client

    return DynamoRecords(dynamodb_client(), settings.table_name)


@dataclass(frozen=True, kw_only=True)
class Core:
    """What every use case takes."""

    environment: str
    records: Records
    now: Clock = now
    new_id: Ids = new_id


def core(settings: config.Settings) -> Core:
    return Core(environment=settings.environment, records=records(settings))
