"""Two writers at once on the engine's DynamoDB: moto's transactions are not atomic between threads, so not there."""

from threading import Barrier, Thread

from infra.local.engine import Engine
from sluice.adapters.records import DynamoRecords
from sluice.domain.errors import WriteConflict
from sluice.service.ports import Create, Replace
from tests.contract.samples import TENANT, make_asset
from tests.contract.tables import create_table

WRITERS = ("a", "b", "c", "d")


def test_of_many_writers_exactly_one_wins(engine: Engine) -> None:
    client = engine.client("dynamodb")
    create_table(client, "conflicts")
    records = DynamoRecords(client, "conflicts")
    asset = make_asset()
    records.commit(Create(asset))
    outcomes: list[str] = []
    together = Barrier(len(WRITERS))

    def write(title: str) -> None:
        together.wait(timeout=60)
        try:
            records.commit(Replace(asset.model_copy(update={"title": title, "version": 2})))
            outcomes.append(title)
        except WriteConflict:
            outcomes.append("conflict")

    threads = [Thread(target=write, args=(name,)) for name in WRITERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    stored = records.asset(TENANT, asset.id)
    assert stored is not None
    assert sorted(outcomes) == sorted([stored.title or "", *["conflict"] * (len(WRITERS) - 1)])
