"""The uploads bucket: multipart uploads and the objects they become. S3's error codes are mapped here, once."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sluice.domain.errors import ProviderFailure, SluiceError
from sluice.domain.upload_errors import UploadClosed, UploadIncomplete, UploadSizeMismatch
from sluice.service.ports import StoredObject, StoredPart

_COMPLETION_ERRORS: dict[str, type[SluiceError]] = {
    "NoSuchUpload": UploadClosed,
    "PreconditionFailed": UploadClosed,  # If-None-Match: the object exists, so it was joined before
    "InvalidPart": UploadIncomplete,  # a part was replaced after it was listed
    "InvalidPartOrder": UploadIncomplete,
    "EntityTooSmall": UploadSizeMismatch,
    "InvalidRequest": UploadSizeMismatch,  # x-amz-mp-object-size does not match
}


@cache
def s3_client() -> Any:
    # path style: bucket names are not host names on every endpoint this runs against
    return boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


class S3UploadObjects:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def create_multipart(self, key: str, *, content_type: str, correlation_id: str) -> str:
        answer = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, ContentType=content_type, Metadata={"correlation-id": correlation_id}
        )
        return str(answer["UploadId"])

    def parts(self, key: str, multipart_id: str) -> list[StoredPart]:
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=multipart_id)
        try:
            return [
                StoredPart(part["PartNumber"], part["ETag"], part["Size"])
                for page in pages
                for part in page.get("Parts", [])
            ]
        except ClientError as error:
            if _code(error) == "NoSuchUpload":
                raise UploadClosed() from error
            raise

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[StoredPart]) -> None:
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=multipart_id,
                IfNoneMatch="*",
                MpuObjectSize=sum(part.size for part in parts),
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]},
            )
        except ClientError as error:
            raise _COMPLETION_ERRORS.get(_code(error), ProviderFailure)() from error

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        try:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=multipart_id)
        except ClientError as error:
            if _code(error) != "NoSuchUpload":
                raise

    def head(self, key: str) -> StoredObject | None:
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return StoredObject(answer["ContentLength"], answer["ETag"])

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def download(self, key: str, path: Path) -> None:
        """Ranged and parallel (boto3's transfer manager). Raises ProviderFailure."""
        try:
            self._client.download_file(self._bucket, key, str(path))
        except ClientError as error:
            raise ProviderFailure(f"The source could not be read ({_code(error)}).") from error


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
