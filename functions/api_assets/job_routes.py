"""Transcodes over HTTP: read jobs, cancel one, have an asset transcoded again."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api_assets.models import JobView, RetryAsset
from sluice import bootstrap
from sluice.domain.ids import Prefix
from sluice.domain.states import JobState
from sluice.http import Cursor, IdempotencyKey, Limit, Page, caller, created, keyed, needs
from sluice.service import catalogue, idempotency, jobs

OfAsset = Annotated[str | None, Query(description="Of this asset only.")]
OfState = Annotated[JobState | None, Query(description="In this state only; a page may then be short.")]


def add_to(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiAssets]) -> None:
    add_reading(app, deps)
    write: dict[str, Any] = {"security": needs("assets:write"), "tags": ["jobs"]}

    @app.post("/v1/assets/<asset_id>/retry", status_code=201, summary="Transcode an asset again", **write)
    def retry_asset(
        asset_id: str, body: RetryAsset | None = None, idempotency_key: IdempotencyKey = None
    ) -> Response[JobView]:
        me, ports = caller(app), deps().jobs()
        profile = body.profile() if body else None
        job, replayed = idempotency.once(
            keyed(app, idempotency_key),
            fresh_id=ports.new_id(Prefix.JOB),
            make=lambda job_id: jobs.retry_asset(asset_id, job_id=job_id, caller=me, ports=ports, profile=profile),
            find=lambda job_id: ports.records.job(me.tenant_id, job_id),
            records=ports.records,
            now=ports.now,
        )
        progress = ports.records.job_progress(me.tenant_id, job.id) if replayed else None
        return created(JobView.of(job, progress), replayed=replayed, headers={"Location": f"/v1/jobs/{job.id}"})

    @app.post("/v1/jobs/<job_id>/cancel", summary="Cancel a transcode job", **write)
    def cancel_job(job_id: str, idempotency_key: IdempotencyKey = None) -> JobView:
        me, ports = caller(app), deps().jobs()
        job = jobs.cancel_job(job_id, caller=me, ports=ports)
        return JobView.of(job, ports.records.job_progress(me.tenant_id, job.id))


def add_reading(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiAssets]) -> None:
    read: dict[str, Any] = {"security": needs("assets:read"), "tags": ["jobs"]}

    @app.get("/v1/jobs", summary="List transcode jobs, newest first", **read)
    def list_jobs(
        asset_id: OfAsset = None, state: OfState = None, limit: Limit = 25, cursor: Cursor = None
    ) -> Page[JobView]:
        reports, following = catalogue.list_jobs(
            tenant_id=caller(app).tenant_id,
            asset_id=asset_id,
            state=state,
            limit=limit,
            cursor=cursor,
            cursor_key=deps().cursor_key(),
            records=deps().records,
        )
        return Page(data=[JobView.of(report.job, report.progress) for report in reports], next_cursor=following)

    @app.get("/v1/jobs/<job_id>", summary="Get a transcode job", **read)
    def get_job(job_id: str) -> JobView:
        report = catalogue.get_job(job_id, tenant_id=caller(app).tenant_id, records=deps().records)
        return JobView.of(report.job, report.progress, report.quality)
