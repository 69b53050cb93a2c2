"""An upload as a client of S3 sees it (Uppy 6): create, list, complete and abort one multipart upload, in S3's words.

Parts go to S3 by URLs from `POST …/parts` as ever. What was reserved decides: the upload exists before it is
"created" here, and the parts and ETags that a completion lists are not even read.
"""

import time
from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from sluice.domain.errors import InvalidRequest
from sluice.domain.states import UploadState
from sluice.domain.upload_errors import UploadNotFound
from sluice.http import IdempotencyKey, caller, no_content, s3_xml
from sluice.http.s3_xml import S3_FAILURES, element, text
from sluice.service import upload_abort, uploads
from sluice.service.upload_access import Caller, UploadPorts, open_upload

PATH = "/v1/uploads/<upload_id>/s3"
XML: dict[int, OpenAPIResponse] = {
    200: {"description": "As S3 answers.", "content": {s3_xml.XML: {"schema": {"type": "string"}}}}
}
Creates = Annotated[str | None, Query(alias="uploads", description="Present, and empty: create.")]
UploadId = Annotated[str | None, Query(alias="uploadId", description="As create answered it: the upload's own id.")]


def add_to(
    app: APIGatewayHttpResolver, deps: Callable[[], UploadPorts], *, security: list[dict[str, list[str]]]
) -> None:
    shared: dict[str, Any] = {"security": security, "tags": ["uploads"], "openapi_extensions": S3_FAILURES}

    @app.post(PATH, summary="S3: create with `?uploads`, complete with `?uploadId=`", responses=XML, **shared)
    def post_s3(
        upload_id: str, creates: Creates = None, s3_id: UploadId = None, idempotency_key: IdempotencyKey = None
    ) -> Response[str]:
        if (creates is None) == (s3_id is None):
            raise InvalidRequest("Send ?uploads to create, or ?uploadId= to complete.")
        if creates is not None:
            return _create(upload_id, caller(app), deps())
        return _complete(_same(upload_id, s3_id), caller(app), deps())

    @app.get(PATH, summary="S3: list parts", responses=XML, **shared)
    def list_s3(upload_id: str, s3_id: UploadId = None) -> Response[str]:
        return _list(_same(upload_id, s3_id), caller(app), deps())

    @app.delete(PATH, summary="S3: abort", status_code=204, **shared)
    def abort_s3(upload_id: str, s3_id: UploadId = None) -> Response[None]:
        upload_abort.abort_upload(_same(upload_id, s3_id), caller=caller(app), ports=deps())
        return no_content()


def _same(upload_id: str, s3_id: str | None) -> str:
    """Raises UploadNotFound: the query names another upload than the path."""
    if s3_id != upload_id:
        raise UploadNotFound()
    return upload_id


def _create(upload_id: str, me: Caller, ports: UploadPorts) -> Response[str]:
    upload = open_upload(upload_id, me, ports)
    return s3_xml.answer("InitiateMultipartUploadResult", [text("Key", upload.key), text("UploadId", upload.id)])


def _list(upload_id: str, me: Caller, ports: UploadPorts) -> Response[str]:
    """All of them at once: Uppy asks for no second page."""
    parts = [
        element("Part", text("PartNumber", part.number), text("ETag", part.etag), text("Size", part.size))
        for part in uploads.list_parts(upload_id, caller=me, ports=ports)
    ]
    return s3_xml.answer("ListPartsResult", [text("UploadId", upload_id), text("IsTruncated", "false"), *parts])


def _complete(upload_id: str, me: Caller, ports: UploadPorts) -> Response[str]:
    upload = uploads.request_completion(upload_id, caller=me, ports=ports)
    upload = uploads.await_completion(upload, caller=me, ports=ports, pause=time.sleep)
    if upload.state is UploadState.COMPLETING:
        return s3_xml.slow_down("The parts are still being joined; send this again.")
    location = text("Location", f"/v1/assets/{upload.asset_id}")
    return s3_xml.answer("CompleteMultipartUploadResult", [location, text("Key", upload.key)])
