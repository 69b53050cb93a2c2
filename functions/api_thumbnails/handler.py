"""An asset's posters over HTTP: choose a frame or announce a picture, look, take the choice back."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api_thumbnails.models import CreatedThumbnail, CreateThumbnail, ThumbnailView
from sluice import bootstrap
from sluice.config import ApiThumbnailsSettings
from sluice.domain.ids import Prefix
from sluice.http import Cursor, IdempotencyKey, Limit, Page, api, caller, created, keyed, needs, no_content
from sluice.observability import observed
from sluice.service import idempotency, thumbnails

ALL, ONE = "/v1/assets/<asset_id>/thumbnails", "/v1/assets/<asset_id>/thumbnails/<thumbnail_id>"
READ, WRITE = needs("assets:read"), needs("assets:write")

app = api()


@cache
def deps() -> bootstrap.ApiThumbnails:
    return bootstrap.api_thumbnails(ApiThumbnailsSettings.from_env())


@app.post(ALL, status_code=201, security=WRITE, summary="Choose an asset's poster", tags=["thumbnails"])
def create_thumbnail(
    asset_id: str, body: Annotated[CreateThumbnail, Body()], idempotency_key: IdempotencyKey = None
) -> Response[CreatedThumbnail]:
    me, ports = caller(app), deps().ports
    made, replayed = idempotency.once(
        keyed(app, idempotency_key),
        fresh_id=ports.new_id(Prefix.THUMBNAIL),
        make=lambda thumbnail_id: thumbnails.create_thumbnail(
            asset_id, body.wanted(), thumbnail_id=thumbnail_id, caller=me, ports=ports
        ),
        find=lambda thumbnail_id: ports.records.thumbnail(me.tenant_id, asset_id, thumbnail_id),
        records=ports.records,
        now=ports.now,
    )
    view = CreatedThumbnail.with_upload(made, thumbnails.place_to_send(made, ports=ports))
    place = f"/v1/assets/{made.asset_id}/thumbnails/{made.id}"
    return created(view, replayed=replayed, headers={"Location": place})


@app.get(ALL, security=READ, summary="List an asset's thumbnails, newest first", tags=["thumbnails"])
def list_thumbnails(asset_id: str, limit: Limit = 25, cursor: Cursor = None) -> Page[ThumbnailView]:
    d = deps()
    found, following = thumbnails.list_thumbnails(
        asset_id,
        tenant_id=caller(app).tenant_id,
        limit=limit,
        cursor=cursor,
        cursor_key=d.cursor_key(),
        records=d.ports.records,
    )
    return Page(data=[ThumbnailView.of(one) for one in found], next_cursor=following)


@app.get(ONE, security=READ, summary="Get a thumbnail", tags=["thumbnails"])
def get_thumbnail(asset_id: str, thumbnail_id: str) -> ThumbnailView:
    tenant_id, records = caller(app).tenant_id, deps().ports.records
    return ThumbnailView.of(thumbnails.get_thumbnail(asset_id, thumbnail_id, tenant_id=tenant_id, records=records))


@app.delete(ONE, status_code=204, security=WRITE, summary="Take a poster back", tags=["thumbnails"])
def delete_thumbnail(asset_id: str, thumbnail_id: str) -> Response[None]:
    thumbnails.delete_thumbnail(asset_id, thumbnail_id, caller=caller(app), ports=deps().ports)
    return no_content()


@observed("api_thumbnails")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
