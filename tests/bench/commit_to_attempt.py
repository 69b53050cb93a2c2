"""From an event's commit to its first attempt at an endpoint, on the embedded AWS, at 20 events a second.

The commit's moment is just after its transaction, the attempt's is when the request arrives. One event for each change
of an asset's review, written as the functions write it; then stream, dispatch, queue and delivery, warm. Ten seconds
of the same before, in which the functions start, are a figure of their own: their longest wait.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from infra.local.cli import FOLDER
from infra.local.engine import Engine
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.domain.event_catalogue import EventType
from sluice.domain.events import Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Review
from sluice.service.ports import Create, Replace
from tests.bench.figure import Figure
from tests.e2e.customer import new_customer
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

EVENTS_PER_S, WARM_UP, EVENTS = 20, 200, 400  # ten seconds for functions to start in
LIMIT_S = 1.5
COLD_LIMIT_S = 30.0  # two functions start one after the other; the sweeper would step in after a minute


Arrivals = dict[str, datetime]  # event id -> when it came first


def figures() -> Iterator[Figure]:
    with endpoint() as (url, arrivals), Engine(FOLDER) as engine:
        stacks = Stacks(engine, engine.deploy().outputs)
        with new_customer(stacks, "Bench", events=("upload.complete",)) as customer:
            customer.api.call("POST", "/v1/webhooks", {"url": url, "event_types": ["asset.updated"]})
            slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": 1000, "filename": "clip.mp4"})
            cold = waits(WARM_UP, customer.tenant_id, slot["asset_id"], stacks, arrivals)
            warm = sorted(waits(EVENTS, customer.tenant_id, slot["asset_id"], stacks, arrivals))
    yield Figure("commit_to_attempt_p99", warm[len(warm) * 99 // 100], "s", LIMIT_S)
    yield Figure("commit_to_attempt_cold", max(cold), "s", COLD_LIMIT_S)


@contextmanager
def endpoint() -> Iterator[tuple[str, Arrivals]]:
    arrivals: Arrivals = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrivals.setdefault(self.headers["webhook-id"], now())
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", arrivals
        server.shutdown()


def waits(events: int, tenant_id: str, asset_id: str, stacks: Stacks, arrivals: Arrivals) -> list[float]:
    """Seconds, of every event; returns when all have come."""
    committed: dict[str, datetime] = {}
    began = time.monotonic()
    for number in range(events):
        time.sleep(max(0.0, began + number / EVENTS_PER_S - time.monotonic()))
        event_id = change(tenant_id, asset_id, stacks)
        committed[event_id] = now()
    eventually(lambda: committed.keys() <= arrivals.keys(), "every event at the endpoint")
    return [(arrivals[event_id] - moment).total_seconds() for event_id, moment in committed.items()]


def change(tenant_id: str, asset_id: str, stacks: Stacks) -> str:
    """Returns the event's id."""
    asset = stacks.records.asset(tenant_id, asset_id)
    assert asset is not None
    review = Review.REJECTED if asset.review is Review.APPROVED else Review.APPROVED
    origin = Origin(environment="local", now=now(), event_id=new_id(Prefix.EVENT))
    after, event = advance(asset, EventType.ASSET_UPDATED, origin, review=review)
    stacks.records.commit(Replace(after), Create(event))
    return event.id
