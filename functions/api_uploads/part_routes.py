"""The parts of an upload over HTTP: sign their URLs, list what S3 holds, ask for them to be joined."""

import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.api_uploads.models import COMPLETION, CompleteUpload, SignedParts, SignParts, StoredParts, UploadView
from sluice.domain.states import UploadState
from sluice.http import IdempotencyKey, caller, created
from sluice.service import uploads
from sluice.service.upload_access import UploadPorts


def add_to(
    app: APIGatewayHttpResolver, deps: Callable[[], UploadPorts], *, security: list[dict[str, list[str]]]
) -> None:
    shared: dict[str, Any] = {"security": security, "tags": ["uploads"]}

    @app.post("/v1/uploads/<upload_id>/parts", summary="Sign part URLs", **shared)
    def sign_parts(upload_id: str, body: SignParts, idempotency_key: IdempotencyKey = None) -> SignedParts:
        signed = uploads.sign_parts(
            upload_id, body.part_numbers, caller=caller(app), ports=deps(), checksums=body.checksums
        )
        return SignedParts.of(signed)

    @app.get("/v1/uploads/<upload_id>/parts", summary="List stored parts", **shared)
    def list_parts(upload_id: str) -> StoredParts:
        return StoredParts.of(uploads.list_parts(upload_id, caller=caller(app), ports=deps()))

    @app.post("/v1/uploads/<upload_id>/complete", summary="Complete", responses=COMPLETION, **shared)
    def complete_upload(
        upload_id: str, body: CompleteUpload | None = None, idempotency_key: IdempotencyKey = None
    ) -> Response[UploadView]:
        me, ports = caller(app), deps()
        checksum = body.checksum.domain() if body and body.checksum else None
        upload = uploads.request_completion(upload_id, caller=me, ports=ports, checksum=checksum)
        upload = uploads.await_completion(upload, caller=me, ports=ports, pause=time.sleep)
        status = 202 if upload.state is UploadState.COMPLETING else 200
        location = {"Location": f"/v1/uploads/{upload.id}"}
        return created(UploadView.read(upload, ports.records), status=status, headers=location)
