"""Assets from URLs over HTTP: one, or a batch of them. The bytes come later, by a task."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api_ingest.models import CreateAsset, CreateAssets, IngestResults
from sluice import bootstrap
from sluice.config import ApiIngestSettings
from sluice.domain.ids import Prefix
from sluice.http import IdempotencyKey, api, caller, created, keyed, needs
from sluice.observability import observed
from sluice.service import idempotency
from sluice.service.ingest import IngestPorts, ingest
from sluice.service.ingest_batch import ingest_once
from sluice.service.upload_access import asset_of
from sluice.views.asset import AssetView

WRITE = needs("assets:write")
app = api()


@cache
def deps() -> IngestPorts:
    return bootstrap.api_ingest(ApiIngestSettings.from_env())


@app.post("/v1/assets", status_code=201, security=WRITE, summary="Create an asset from a URL", tags=["assets"])
def create_asset(body: CreateAsset, idempotency_key: IdempotencyKey = None) -> Response[AssetView]:
    me, ports = caller(app), deps()
    upload, replayed = idempotency.once(
        keyed(app, idempotency_key),
        fresh_id=ports.new_id(Prefix.UPLOAD),
        make=lambda upload_id: ingest(body.command(upload_id), caller=me, ports=ports),
        find=lambda upload_id: ports.records.upload(me.tenant_id, upload_id),
        records=ports.records,
        now=ports.now,
    )
    return created(AssetView.of(asset_of(ports.records, upload)), replayed=replayed)


@app.post(
    "/v1/assets:batch",
    security=WRITE,
    summary="Create assets from many URLs",
    description="Each source is taken or refused by itself: the answer is 200 with a result for each, in their order. "
    "A body that is malformed is refused as a whole. Repeat the call with its Idempotency-Key when results are "
    "retryable: what was taken is not taken again.",
    tags=["assets"],
)
def create_assets(body: CreateAssets, idempotency_key: IdempotencyKey = None) -> Response[IngestResults]:
    items, replayed = ingest_once(keyed(app, idempotency_key), body.commands, caller=caller(app), ports=deps())
    return created(IngestResults.of(items), replayed=replayed, status=200)


@observed("api_ingest")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
