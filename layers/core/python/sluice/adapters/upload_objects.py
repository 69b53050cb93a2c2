"""The uploads bucket: multipart uploads and the objects they become. S3's error codes are mapped here, once.

Checksums are S3's own, over the whole object; how it behaves, and where that is written down:
- Each upload names its algorithm and the type FULL_OBJECT when it is created, also where the client declared nothing:
  S3 verifies a value at completion only against an algorithm that was named then (otherwise it joins the parts and
  answers 200). Both algorithms can be combined from the parts', which SHA-256 cannot.
  (AWS: User Guide, "Checking object integrity for data uploads", table of full object and composite checksums.)
- A part's checksum must be of the named algorithm ("Checksum Type mismatch occurred"), so that boto3 must not add its
  default CRC32: the client computes checksums only when they are required. A part may come without one; S3 then
  computes it. (github.com/versity/versitygw/issues/1342, found against S3. For CRC32C the API asks for each part's all
  the same: that is right by either reading of AWS's description.)
- Completion with another value is BadDigest; so is one without x-amz-checksum-type, which defaults to COMPOSITE.
  (API Reference, CompleteMultipartUpload.) Parts that are listed with a checksum are joined with it, as boto3 does.
- HEAD tells the checksum with `ChecksumMode=ENABLED`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure, SluiceError
from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.upload_errors import (
    UploadChecksumMismatch,
    UploadClosed,
    UploadIncomplete,
    UploadSizeMismatch,
)
from sluice.service.ports import StoredObject, StoredPart

_FULL = "FULL_OBJECT"
_COMPLETION_ERRORS: dict[str, type[SluiceError]] = {
    "NoSuchUpload": UploadClosed,
    "PreconditionFailed": UploadClosed,  # If-None-Match: the object exists, so it was joined before
    "InvalidPart": UploadIncomplete,  # a part was replaced after it was listed
    "InvalidPartOrder": UploadIncomplete,
    "EntityTooSmall": UploadSizeMismatch,
    "BadDigest": UploadChecksumMismatch,
    "InvalidRequest": UploadSizeMismatch,  # x-amz-mp-object-size does not match
}


@cache
def s3_client() -> Any:
    return new_s3_client()


def new_s3_client(**credentials: Any) -> Any:
    """`credentials`: arguments of boto3; none: those of the environment."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},  # bucket names are not host names on every endpoint this runs against
        request_checksum_calculation="when_required",  # no CRC32 on parts of an upload that has another algorithm
    )
    return boto3.client("s3", config=config, **credentials)


def client_of(credentials: dict[str, Any]) -> Any:
    """S3 for a session's `credentials`, as STS answers them."""
    return new_s3_client(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


class S3UploadObjects:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def create_multipart(
        self,
        key: str,
        *,
        content_type: str,
        correlation_id: str,
        checksum_algorithm: ChecksumAlgorithm | None = None,
    ) -> str:
        answer = self._client.create_multipart_upload(
            Bucket=self._bucket,
            Key=key,
            ContentType=content_type,
            Metadata={"correlation-id": correlation_id},
            ChecksumAlgorithm=(checksum_algorithm or ChecksumAlgorithm.CRC64NVME).upper(),
            ChecksumType=_FULL,
        )
        return str(answer["UploadId"])

    def parts(self, key: str, multipart_id: str) -> list[StoredPart]:
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=multipart_id)
        try:
            return [
                StoredPart(part["PartNumber"], part["ETag"], part["Size"], _checksum(part))
                for page in pages
                for part in page.get("Parts", [])
            ]
        except ClientError as error:
            if _code(error) == "NoSuchUpload":
                raise UploadClosed() from error
            raise ProviderFailure() from error

    def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, checksum: Checksum | None = None
    ) -> None:
        declared = {"ChecksumType": _FULL, **_field(checksum)} if checksum else {}
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=multipart_id,
                IfNoneMatch="*",
                MpuObjectSize=sum(part.size for part in parts),
                MultipartUpload={
                    "Parts": [{"PartNumber": part.number, "ETag": part.etag, **_field(part.checksum)} for part in parts]
                },
                **declared,
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
            answer = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if _code(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        whole = answer.get("ChecksumType") == _FULL
        return StoredObject(answer["ContentLength"], answer["ETag"], _checksum(answer) if whole else None)

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def download(self, key: str, path: Path) -> None:
        """Ranged and parallel (boto3's transfer manager). Raises ProviderFailure."""
        try:
            self._client.download_file(self._bucket, key, str(path))
        except ClientError as error:
            raise ProviderFailure(f"The source could not be read ({_code(error)}).") from error

    def upload_part(self, key: str, multipart_id: str, number: int, body: bytearray) -> None:
        """Raises UploadClosed, ProviderFailure."""
        try:
            self._client.upload_part(Bucket=self._bucket, Key=key, UploadId=multipart_id, PartNumber=number, Body=body)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and _code(error) == "NoSuchUpload":
                raise UploadClosed() from error
            raise ProviderFailure("A part could not be stored.") from error


def _field(checksum: Checksum | None) -> dict[str, str]:
    return {f"Checksum{checksum.algorithm.upper()}": checksum.value} if checksum else {}


def _checksum(answer: Mapping[str, Any]) -> Checksum | None:
    for algorithm in ChecksumAlgorithm:
        value = answer.get(f"Checksum{algorithm.upper()}")
        if value:
            return Checksum(algorithm=algorithm, value=value)
    return None


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
