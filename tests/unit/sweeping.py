"""One look of the sweeper at a world."""

from sluice.service.reconcile import Reconciler, reconcile
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.pipeline import FakeExecutions
from tests.fakes.thumbnails import FakeThumbnailMaker
from tests.fakes.transcoding import FakeMediaObjects
from tests.unit.ingest_world import IngestWorld
from tests.unit.world import World


def sweep(
    world: World, thumbnails: FakeThumbnailMaker | None = None, pictures: FakeMediaObjects | None = None
) -> dict[str, int]:
    ports = Reconciler(
        environment="dev",
        records=world.records,
        objects=world.objects,
        executions=world.admission,
        fetches=world.fetches if isinstance(world, IngestWorld) else FakeExecutions(),
        completions=world.queue,
        deliveries=FakeDeliveryQueue(world.now),
        thumbnails=thumbnails or FakeThumbnailMaker(),
        pictures=pictures or FakeMediaObjects(),
        log=FakeDeliveryLog(world.records),
        new_id=world.new_id,
        now=world.now,
    )
    return reconcile(ports)
