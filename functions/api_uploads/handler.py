"""Uploads over HTTP: reserve a slot, hand out its token, give it up. No byte passes through; parts: `part_routes`."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api_uploads import part_routes, s3_routes
from functions.api_uploads.models import DUPLICATE, CreateUpload, NewToken, UploadSlot, UploadTokenView, UploadView
from sluice import bootstrap
from sluice.config import ApiUploadsSettings
from sluice.domain.ids import Prefix
from sluice.domain.states import UploadState
from sluice.http import IdempotencyKey, api, caller, created, keyed, needs, needs_or_upload_token, no_content
from sluice.observability import observed
from sluice.service import idempotency, upload_abort, upload_access, upload_slots, upload_tokens

KEY = needs("uploads:write")
KEY_OR_TOKEN = needs_or_upload_token("uploads:write")
app = api()


@cache
def deps() -> upload_access.UploadPorts:
    return bootstrap.api_uploads(ApiUploadsSettings.from_env())


@app.post(
    "/v1/uploads", status_code=201, security=KEY, summary="Create an upload", tags=["uploads"], responses=DUPLICATE
)
def create_upload(body: CreateUpload, idempotency_key: IdempotencyKey = None) -> Response[UploadSlot]:
    me, ports = caller(app), deps()
    reserved_id = ports.new_id(Prefix.UPLOAD)
    upload, replayed = idempotency.once(
        keyed(app, idempotency_key),
        fresh_id=reserved_id,
        make=lambda upload_id: upload_slots.create_upload(body.command(upload_id), caller=me, ports=ports),
        find=lambda upload_id: ports.records.upload(me.tenant_id, upload_id),
        records=ports.records,
        now=ports.now,
        id_of=lambda upload: upload.id,  # of the one that brought the same file before, where that is asked for
    )
    open_now = upload.state is UploadState.OPEN
    token = upload_tokens.token_for(upload, ports=ports, ttl_s=body.token_ttl_s) if open_now else None
    existing = not replayed and upload.id != reserved_id and not open_now
    slot = UploadSlot.with_token(UploadView.read(upload, ports.records), token)
    return created(slot, replayed=replayed, status=200 if existing else 201)


@app.post("/v1/uploads/<upload_id>/token", status_code=201, security=KEY, summary="Make a token", tags=["uploads"])
def create_token(upload_id: str, body: NewToken, idempotency_key: IdempotencyKey = None) -> UploadTokenView:
    token, ends_at = upload_tokens.new_token(upload_id, ttl_s=body.ttl_s, caller=caller(app), ports=deps())
    return UploadTokenView(upload_token=token, upload_token_expires_at=ends_at)


@app.get("/v1/uploads/<upload_id>", security=KEY_OR_TOKEN, summary="Get an upload", tags=["uploads"])
def get_upload(upload_id: str) -> UploadView:
    records = deps().records
    return UploadView.read(upload_access.get_upload(upload_id, caller=caller(app), records=records), records)


@app.delete(
    "/v1/uploads/<upload_id>", status_code=204, security=KEY_OR_TOKEN, summary="Abort an upload", tags=["uploads"]
)
def abort_upload(upload_id: str) -> Response[None]:
    upload_abort.abort_upload(upload_id, caller=caller(app), ports=deps())
    return no_content()


part_routes.add_to(app, lambda: deps(), security=KEY_OR_TOKEN)
s3_routes.add_to(app, lambda: deps(), security=KEY_OR_TOKEN)


@observed("api_uploads")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
