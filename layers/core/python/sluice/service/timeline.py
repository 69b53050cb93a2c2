"""What happened to an asset, newest first: its events, its jobs with their attempts, and what was sent to endpoints.

Each kind has an order of its own; a page merges them by time, and its cursor says how far each kind was shown. So
nothing is shown twice or left out, whatever the clocks of different functions say.
"""

import heapq
import json
from datetime import datetime
from typing import Literal, NamedTuple

from sluice.domain.events import Event
from sluice.domain.models import Delivery, Job, JobResult
from sluice.service import cursors
from sluice.service.catalogue import get_asset
from sluice.service.ports import Records
from sluice.service.timeline_ports import Timeline

ROUTE = "GET /v1/assets/{asset_id}/timeline"


class JobHistory(NamedTuple):
    job: Job
    attempts: list[JobResult]  # those that left a word, oldest first


class Entry(NamedTuple):
    at: datetime
    kind: Literal["event", "job", "delivery"]
    position: str  # within its kind
    what: Event | JobHistory | Delivery


def read_timeline(
    asset_id: str,
    *,
    tenant_id: str,
    limit: int,
    cursor: str | None,
    cursor_key: bytes,
    records: Records,
    timeline: Timeline,
) -> tuple[list[Entry], str | None]:
    """One page and the cursor of the next. Raises AssetNotFound, InvalidCursor."""
    get_asset(asset_id, tenant_id=tenant_id, records=records)
    bound = {"asset_id": asset_id}
    shown: dict[str, str] = {}
    if cursor is not None:
        shown = json.loads(cursors.unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=ROUTE, filters=bound))
    events = _events(asset_id, tenant_id, limit + 1, shown.get("event"), timeline)
    jobs, later = records.list_jobs(tenant_id, asset_id=asset_id, limit=limit, before=shown.get("job"))
    ran = [Entry(job.created_at, "job", job.id, _history(job, records)) for job in jobs]
    sent = _deliveries(asset_id, tenant_id, limit + 1, shown.get("delivery"), timeline)
    merged = list(heapq.merge(events, ran, sent, key=lambda entry: entry.at, reverse=True))
    page = merged[:limit]
    if len(merged) <= limit and later is None:
        return page, None
    shown |= {entry.kind: entry.position for entry in page}
    position = json.dumps(shown, separators=(",", ":"))
    return page, cursors.seal(position, key=cursor_key, tenant_id=tenant_id, route=ROUTE, filters=bound)


def _history(job: Job, records: Records) -> JobHistory:
    found = (records.job_result(job.tenant_id, job.id, number) for number in range(1, job.attempt + 1))
    return JobHistory(job, [result for result in found if result])


def _events(asset_id: str, tenant_id: str, limit: int, before: str | None, timeline: Timeline) -> list[Entry]:
    found = timeline.asset_events(tenant_id, asset_id, before=int(before) if before else None, limit=limit)
    return [Entry(event.timestamp, "event", str(event.sequence), event) for event in found]


def _deliveries(asset_id: str, tenant_id: str, limit: int, before: str | None, timeline: Timeline) -> list[Entry]:
    found = timeline.asset_deliveries(tenant_id, asset_id, before=before, limit=limit)
    return [Entry(delivery.created_at, "delivery", position, delivery) for position, delivery in found]
