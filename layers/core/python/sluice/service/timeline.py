"""What happened to an asset, newest first: its events, its jobs with their attempts, what was sent to endpoints,
who asked for what, and who could not watch.

Each kind has an order of its own; a page merges them by time, and its cursor says how far each kind was shown. So
nothing is shown twice or left out, whatever the clocks of different functions say.
"""

import heapq
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from sluice.domain.audit import AuditRecord
from sluice.domain.denials import Denial
from sluice.domain.events import Event
from sluice.domain.models import Delivery, Job, JobResult
from sluice.service import cursors
from sluice.service.catalogue import get_asset
from sluice.service.ports import Records
from sluice.service.timeline_ports import Timeline

ROUTE = "GET /v1/assets/{asset_id}/timeline"

Kind = Literal["event", "job", "delivery", "audit", "denial"]


class JobHistory(NamedTuple):
    job: Job
    attempts: list[JobResult]  # those that left a word, oldest first


class Entry(NamedTuple):
    at: datetime
    kind: Kind
    position: str  # within its kind
    what: Event | JobHistory | Delivery | AuditRecord | Denial


class Rows(NamedTuple):
    """Of one asset; at most `limit` of a kind."""

    tenant_id: str
    asset_id: str
    limit: int
    records: Records
    timeline: Timeline


def read_timeline(
    asset_id: str,
    *,
    tenant_id: str,
    kinds: frozenset[Kind] | None,
    limit: int,
    cursor: str | None,
    cursor_key: bytes,
    records: Records,
    timeline: Timeline,
) -> tuple[list[Entry], str | None]:
    """One page and the cursor of the next; `kinds` None: all. Raises AssetNotFound, InvalidCursor."""
    get_asset(asset_id, tenant_id=tenant_id, records=records)
    bound = {"asset_id": asset_id}
    if kinds is not None:
        bound["kinds"] = ",".join(sorted(kinds))
    shown: dict[str, str] = {}
    if cursor is not None:
        shown = json.loads(cursors.unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=ROUTE, filters=bound))
    rows = Rows(tenant_id, asset_id, limit + 1, records, timeline)  # one more tells whether a page follows
    found = [read(rows, shown.get(kind)) for kind, read in READ.items() if kinds is None or kind in kinds]
    merged = list(heapq.merge(*found, key=lambda entry: entry.at, reverse=True))
    page = merged[:limit]
    if len(merged) <= limit:
        return page, None
    shown |= {entry.kind: entry.position for entry in page}
    position = json.dumps(shown, separators=(",", ":"))
    return page, cursors.seal(position, key=cursor_key, tenant_id=tenant_id, route=ROUTE, filters=bound)


def _events(rows: Rows, before: str | None) -> list[Entry]:
    found = rows.timeline.asset_events(
        rows.tenant_id, rows.asset_id, before=int(before) if before else None, limit=rows.limit
    )
    return [Entry(event.timestamp, "event", str(event.sequence), event) for event in found]


def _jobs(rows: Rows, before: str | None) -> list[Entry]:
    jobs, later = rows.records.list_jobs(rows.tenant_id, asset_id=rows.asset_id, limit=rows.limit - 1, before=before)
    if later is not None:  # on its own, since no batch has more than a hundred
        following, _ = rows.records.list_jobs(rows.tenant_id, asset_id=rows.asset_id, limit=1, before=later)
        jobs += following
    return [Entry(job.created_at, "job", job.id, _history(job, rows.records)) for job in jobs]


def _history(job: Job, records: Records) -> JobHistory:
    found = (records.job_result(job.tenant_id, job.id, number) for number in range(1, job.attempt + 1))
    return JobHistory(job, [result for result in found if result])


def _deliveries(rows: Rows, before: str | None) -> list[Entry]:
    found = rows.timeline.asset_deliveries(rows.tenant_id, rows.asset_id, before=before, limit=rows.limit)
    return [Entry(delivery.created_at, "delivery", position, delivery) for position, delivery in found]


def _audit(rows: Rows, before: str | None) -> list[Entry]:
    found = rows.timeline.asset_audit(rows.tenant_id, rows.asset_id, before=before, limit=rows.limit)
    return [Entry(record.at, "audit", record.id, record) for record in found]


def _denials(rows: Rows, before: str | None) -> list[Entry]:
    """By minute alone: a position must not change when one more is refused."""
    found = rows.timeline.asset_denials(rows.tenant_id, rows.asset_id, before=before, limit=rows.limit)
    return [Entry(denial.minute, "denial", position, denial) for position, denial in found]


READ: Mapping[Kind, Callable[[Rows, str | None], list[Entry]]] = {
    "event": _events,
    "job": _jobs,
    "delivery": _deliveries,
    "audit": _audit,
    "denial": _denials,
}
