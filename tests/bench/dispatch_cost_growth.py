"""What one event costs to dispatch with 1,000 tenants in the table, over what it costs with 10: requests.

Those that DynamoDB and SQS would see; each of them reads or writes rows of the event's own tenant alone.
"""

from collections.abc import Iterator

from sluice.domain.events import EventType
from sluice.domain.ids import Prefix
from sluice.domain.models import Tenant
from sluice.service.dispatch import dispatch_event
from sluice.service.ports import Create
from tests.bench.figure import Figure
from tests.contract.samples import make_webhook
from tests.fakes.faults import DieOnce, Fallible
from tests.unit.webhook_world import WebhookWorld

FEW, MANY, ENDPOINTS = 10, 1_000, 3
LIMIT = 1.05


def world_of(tenants: int) -> WebhookWorld:
    world = WebhookWorld()
    for _ in range(tenants - 1):
        tenant = Tenant(id=world.new_id(Prefix.TENANT), name="One of many", created_at=world.now())
        others = [make_webhook(tenant_id=tenant.id) for _ in range(ENDPOINTS)]
        world.records.commit(*map(Create, (tenant, *others)))
    for _ in range(ENDPOINTS):
        world.endpoint("transcode.*")
    return world


def requests(tenants: int) -> int:
    """Of one event: every call of a port is one request."""
    world, plan = world_of(tenants), DieOnce()
    event = world.event(EventType.TRANSCODE_READY)
    dispatch_event(
        event=event,
        records=Fallible(world.records, plan),
        queue=Fallible(world.queue, plan),
        new_id=world.new_id,
        now=world.now,
    )
    return plan.seen


def figures() -> Iterator[Figure]:
    yield Figure("dispatch_cost_growth", requests(MANY) / requests(FEW), "ratio", LIMIT)
