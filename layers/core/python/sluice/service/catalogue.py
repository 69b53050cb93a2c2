"""Reading assets and jobs. A malformed, unknown, foreign or deleted id is the same NotFound."""

from typing import NamedTuple

from sluice.domain.errors import AssetNotFound, JobNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Asset, Job, JobProgress
from sluice.domain.states import AssetState
from sluice.service.cursors import seal, unseal
from sluice.service.ports import Records

ASSETS_ROUTE = "GET /v1/assets"


class JobReport(NamedTuple):
    job: Job
    progress: JobProgress | None  # None until a task has reported


def get_asset(asset_id: str, *, tenant_id: str, records: Records) -> Asset:
    asset = records.asset(tenant_id, asset_id) if is_id(Prefix.ASSET, asset_id) else None
    if asset is None or asset.state is AssetState.DELETED:
        raise AssetNotFound()
    return asset


def get_job(job_id: str, *, tenant_id: str, records: Records) -> JobReport:
    job = records.job(tenant_id, job_id) if is_id(Prefix.JOB, job_id) else None
    if job is None:
        raise JobNotFound()
    return JobReport(job, records.job_progress(tenant_id, job_id))


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
