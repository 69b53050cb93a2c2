"""Assets over HTTP: reading, and the word of a review. Their transcodes: `job_routes`."""

from functools import cache
from typing import Any

from functions.api_assets import event_routes, job_routes
from sluice import bootstrap
from sluice.config import ApiAssetsSettings
from sluice.domain.models import Review
from sluice.http import Cursor, IdempotencyKey, Limit, Page, api, caller, needs
from sluice.observability import observed
from sluice.service import catalogue
from sluice.service.review import review_asset
from sluice.views.asset import AssetView

PUBLISH = needs("assets:publish")

app = api()


@cache
def deps() -> bootstrap.ApiAssets:
    return bootstrap.api_assets(ApiAssetsSettings.from_env())


@app.get("/v1/assets", security=needs("assets:read"), summary="List assets, newest first", tags=["assets"])
def list_assets(limit: Limit = 25, cursor: Cursor = None) -> Page[AssetView]:
    assets, following = catalogue.list_assets(
        tenant_id=caller(app).tenant_id,
        limit=limit,
        cursor=cursor,
        cursor_key=deps().cursor_key(),
        records=deps().records,
    )
    return Page(data=[AssetView.of(asset) for asset in assets], next_cursor=following)


@app.get("/v1/assets/<asset_id>", security=needs("assets:read"), summary="Get an asset", tags=["assets"])
def get_asset(asset_id: str) -> AssetView:
    asset = catalogue.get_asset(asset_id, tenant_id=caller(app).tenant_id, records=deps().records)
    return AssetView.of(asset)


@app.post("/v1/assets/<asset_id>/approve", security=PUBLISH, summary="Let a reviewed asset be watched", tags=["assets"])
def approve_asset(asset_id: str, idempotency_key: IdempotencyKey = None) -> AssetView:
    return decide(asset_id, Review.APPROVED)


@app.post("/v1/assets/<asset_id>/reject", security=PUBLISH, summary="Keep an asset off the air", tags=["assets"])
def reject_asset(asset_id: str, idempotency_key: IdempotencyKey = None) -> AssetView:
    return decide(asset_id, Review.REJECTED)


def decide(asset_id: str, verdict: Review) -> AssetView:
    d, who = deps(), caller(app)
    asset = review_asset(
        asset_id,
        verdict,
        caller=who,
        environment=d.environment,
        records=d.records,
        new_id=d.new_id,
        now=d.now,
    )
    return AssetView.of(asset)


job_routes.add_to(app, lambda: deps())
event_routes.add_to(app, lambda: deps())


@observed("api_assets")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
