"""Uploads over HTTP: reserve a slot, sign part URLs, list what is stored, complete, abort. No byte passes through."""

import time
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api_uploads.models import COMPLETION, CreateUpload, SignedParts, SignParts, StoredParts, UploadView
from sluice import bootstrap
from sluice.config import ApiUploadsSettings
from sluice.domain.ids import Prefix
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.http import IdempotencyKey, api, caller, created, keyed, needs, no_content
from sluice.observability import observed
from sluice.service import idempotency, upload_slots, uploads

WRITE = needs("uploads:write")
app = api()


@cache
def deps() -> uploads.UploadPorts:
    return bootstrap.api_uploads(ApiUploadsSettings.from_env())


def view(upload: Upload) -> UploadView:
    return UploadView.of(upload, deps().records.asset(upload.tenant_id, upload.asset_id))


@app.post("/v1/uploads", status_code=201, security=WRITE, summary="Create an upload", tags=["uploads"])
def create_upload(body: CreateUpload, idempotency_key: IdempotencyKey = None) -> Response[UploadView]:
    me, ports = caller(app), deps()
    upload, replayed = idempotency.once(
        keyed(app, idempotency_key),
        fresh_id=ports.new_id(Prefix.UPLOAD),
        make=lambda upload_id: upload_slots.create_upload(body.command(upload_id), caller=me, ports=ports)[0],
        find=lambda upload_id: ports.records.upload(me.tenant_id, upload_id),
        records=ports.records,
        now=ports.now,
    )
    return created(view(upload), replayed=replayed)


@app.get("/v1/uploads/<upload_id>", security=WRITE, summary="Get an upload", tags=["uploads"])
def get_upload(upload_id: str) -> UploadView:
    return view(uploads.get_upload(upload_id, caller=caller(app), records=deps().records))


@app.post("/v1/uploads/<upload_id>/parts", security=WRITE, summary="Sign part URLs", tags=["uploads"])
def sign_parts(upload_id: str, body: SignParts, idempotency_key: IdempotencyKey = None) -> SignedParts:
    return SignedParts.of(uploads.sign_parts(upload_id, body.part_numbers, caller=caller(app), ports=deps()))


@app.get("/v1/uploads/<upload_id>/parts", security=WRITE, summary="List stored parts", tags=["uploads"])
def list_parts(upload_id: str) -> StoredParts:
    return StoredParts.of(uploads.list_parts(upload_id, caller=caller(app), ports=deps()))


@app.post(
    "/v1/uploads/<upload_id>/complete", security=WRITE, summary="Complete", tags=["uploads"], responses=COMPLETION
)
def complete_upload(upload_id: str, idempotency_key: IdempotencyKey = None) -> Response[UploadView]:
    me, ports = caller(app), deps()
    upload = uploads.request_completion(upload_id, caller=me, ports=ports)
    upload = uploads.await_completion(upload, caller=me, ports=ports, pause=time.sleep)
    status = 202 if upload.state is UploadState.COMPLETING else 200
    return created(view(upload), status=status, headers={"Location": f"/v1/uploads/{upload.id}"})


@app.delete("/v1/uploads/<upload_id>", status_code=204, security=WRITE, summary="Abort an upload", tags=["uploads"])
def abort_upload(upload_id: str) -> Response[None]:
    upload_slots.abort_upload(upload_id, caller=caller(app), ports=deps())
    return no_content()


@observed("api_uploads")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
