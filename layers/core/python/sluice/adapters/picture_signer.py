"""Presigned URLs for single pictures: each binds key, exact length and type.

Signed under a session of its own, whose end is known and which may write this one key (see `part_signer`).
"""

import json
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sluice.adapters.upload_objects import client_of
from sluice.domain.errors import ProviderFailure
from sluice.domain.thumbnails import Thumbnail
from sluice.service.thumbnail_ports import SignedPicture

SESSION_S = 3600  # the longest that a role chained from another role can have; a URL lives shorter


class Now(Protocol):
    def __call__(self) -> datetime: ...


class S3PictureSigner:
    def __init__(self, sts: Any, role_arn: str, bucket: str, now: Now) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._bucket = bucket
        self._now = now

    def sign(self, thumbnail: Thumbnail) -> SignedPicture:
        content_type = str(thumbnail.content_type)
        wanted = {
            "Bucket": self._bucket,
            "Key": thumbnail.upload_key,
            "ContentLength": thumbnail.size_bytes,
            "ContentType": content_type,
        }
        left = max(1, int((thumbnail.upload_until - self._now()).total_seconds()))
        url: str = self._client(thumbnail).generate_presigned_url("put_object", Params=wanted, ExpiresIn=left)
        return SignedPicture(url, {"content-type": content_type}, thumbnail.upload_until)

    def _client(self, thumbnail: Thumbnail) -> Any:
        partition = self._role_arn.split(":")[1]
        key = f"arn:{partition}:s3:::{self._bucket}/{thumbnail.upload_key}"
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": key}],
        }
        try:
            answer = self._sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName=thumbnail.id,
                DurationSeconds=SESSION_S,
                Policy=json.dumps(policy),
            )
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure("The place for the picture could not be signed.") from error
        return client_of(answer["Credentials"])
