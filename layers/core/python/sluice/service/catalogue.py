"""Reading assets and jobs. A malformed, unknown, foreign or deleted id is the same NotFound."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sluice.domain.errors import AssetNotFound, JobNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Asset, Job, JobProgress
from sluice.domain.quality import QualityChoice
from sluice.domain.states import AssetState, JobState
from sluice.service.cursors import seal, unseal
from sluice.service.ports import Records

ASSETS_ROUTE = "GET /v1/assets"
JOBS_ROUTE = "GET /v1/jobs"
CHUNK, EXAMINED = 100, 1_000  # jobs read at once, and at most, where a page is of one state


class JobReport(NamedTuple):
    job: Job
    progress: JobProgress | None  # None until a task has reported
    quality: QualityChoice | None = None  # of one job alone; lists go without


def get_asset(asset_id: str, *, tenant_id: str, records: Records) -> Asset:
    asset = records.asset(tenant_id, asset_id) if is_id(Prefix.ASSET, asset_id) else None
    if asset is None or asset.state is AssetState.DELETED:
        raise AssetNotFound()
    return asset


def get_job(job_id: str, *, tenant_id: str, records: Records) -> JobReport:
    job = records.job(tenant_id, job_id) if is_id(Prefix.JOB, job_id) else None
    if job is None:
        raise JobNotFound()
    return JobReport(job, records.job_progress(tenant_id, job_id), records.job_quality(tenant_id, job_id))


def list_assets(
    *, tenant_id: str, limit: int, cursor: str | None, cursor_key: bytes, records: Records
) -> tuple[list[Asset], str | None]:
    """One page, newest first, and the cursor of the next. Raises InvalidCursor."""
    before = None
    if cursor is not None:
        before = unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=ASSETS_ROUTE)
    assets, last = records.list_assets(tenant_id, limit=limit, before=before)
    following = None if last is None else seal(last, key=cursor_key, tenant_id=tenant_id, route=ASSETS_ROUTE)
    return assets, following


def list_jobs(
    *,
    tenant_id: str,
    asset_id: str | None,
    state: JobState | None,
    limit: int,
    cursor: str | None,
    cursor_key: bytes,
    records: Records,
) -> tuple[list[JobReport], str | None]:
    """One page, newest first, and the cursor of the next; of one state it may be short. Raises InvalidCursor,
    AssetNotFound."""
    filters = {name: value for name, value in (("asset_id", asset_id), ("state", state)) if value is not None}
    sealed = partial(seal, key=cursor_key, tenant_id=tenant_id, route=JOBS_ROUTE, filters=filters)
    before = None
    if cursor is not None:
        before = unseal(cursor, key=cursor_key, tenant_id=tenant_id, route=JOBS_ROUTE, filters=filters)
    if asset_id is not None:
        get_asset(asset_id, tenant_id=tenant_id, records=records)
    found: list[Job] = []
    for _ in range(EXAMINED // CHUNK):
        size = limit if state is None else CHUNK
        jobs, before = records.list_jobs(tenant_id, asset_id=asset_id, limit=size, before=before)
        found += [job for job in jobs if state is None or job.state is state]
        if before is None or len(found) >= limit or state is None:
            break
    page = found[:limit]
    last = page[-1].id if len(found) > limit else before
    return _reports(page, tenant_id, records), None if last is None else sealed(last)


def _reports(jobs: Sequence[Job], tenant_id: str, records: Records) -> list[JobReport]:
    progress = records.progress_of(tenant_id, [job.id for job in jobs])
    return [JobReport(job, progress.get(job.id)) for job in jobs]
