"""Objects of the own account's buckets, copied inside S3 into parts of an upload. S3's error codes are mapped here."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure, SluiceError
from sluice.domain.source_errors import SourceChanged, SourceRefused
from sluice.domain.upload_errors import UploadClosed
from sluice.service.source_ports import SourceObject

# HEAD has no body to tell more than the status
_REFUSALS = {
    "AccessDenied": 403,
    "403": 403,
    "NoSuchKey": 404,
    "NoSuchBucket": 404,
    "404": 404,
    "InvalidObjectState": 403,
}


class S3SourceCopies:
    """`service.source_ports.CopySources`."""

    def __init__(self, client: Any, uploads_bucket: str) -> None:
        self._client = client
        self._bucket = uploads_bucket

    def find(self, bucket: str, key: str) -> SourceObject:
        try:
            answer = self._client.head_object(Bucket=bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise _meaning(error) from error
        return SourceObject(bucket, key, answer["ContentLength"], answer["ETag"], answer.get("ContentType"))

    def copy_part(
        self, source: SourceObject, first: int, length: int, *, key: str, multipart_id: str, number: int
    ) -> None:
        # S3 takes a range of sources above 5 MB only
        whole = length == source.size
        part = {} if whole else {"CopySourceRange": f"bytes={first}-{first + length - 1}"}
        try:
            self._client.upload_part_copy(
                Bucket=self._bucket,
                Key=key,
                UploadId=multipart_id,
                PartNumber=number,
                CopySource={"Bucket": source.bucket, "Key": source.key},
                CopySourceIfMatch=source.etag,
                **part,
            )
        except (ClientError, BotoCoreError) as error:
            raise _meaning(error) from error


def _meaning(error: ClientError | BotoCoreError) -> SluiceError:
    code = str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
    if code in _REFUSALS:
        return SourceRefused(_REFUSALS[code])
    if code == "PreconditionFailed":
        return SourceChanged()
    return UploadClosed() if code == "NoSuchUpload" else ProviderFailure("The source could not be copied.")
