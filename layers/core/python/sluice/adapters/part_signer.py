"""Presigned UploadPart URLs that each bind key, upload, part number and exact length.

They are signed under an own AssumeRole session whose end is known: the runtime's credentials may rotate at any time,
and a URL dies with the session that signed it, so only a session with enough life left keeps a URL's promise.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from sluice.domain.models import Upload
from sluice.domain.parts import part_length
from sluice.service.ports import SignedPart

SESSION_S = 3600  # the longest session that a role chained from another role can have


class _Session(NamedTuple):
    client: Any
    ends_at: datetime


class S3PartSigner:
    def __init__(self, sts: Any, role_arn: str, bucket: str, now: Callable[[], datetime]) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._bucket = bucket
        self._now = now
        self._session: _Session | None = None

    def sign(self, upload: Upload, numbers: Iterable[int], *, expires_s: int) -> list[SignedPart]:
        client = self._client_for(expires_s)
        return [self._sign(client, upload, number, expires_s) for number in numbers]

    def _sign(self, client: Any, upload: Upload, number: int, expires_s: int) -> SignedPart:
        length = part_length(upload.size_bytes, upload.part_size, number)
        url = client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self._bucket,
                "Key": upload.key,
                "UploadId": upload.multipart_id,
                "PartNumber": number,
                "ContentLength": length,
            },
            ExpiresIn=expires_s,
        )
        return SignedPart(number, url, length)

    def _client_for(self, life_s: int) -> Any:
        if self._session is None or self._session.ends_at < self._now() + timedelta(seconds=life_s):
            answer = self._sts.assume_role(
                RoleArn=self._role_arn, RoleSessionName="sign-parts", DurationSeconds=SESSION_S
            )
            credentials = answer["Credentials"]
            client = boto3.client(
                "s3",
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
                config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
            )
            self._session = _Session(client, credentials["Expiration"])
        return self._session.client
