"""Both buckets for one piece of work: a session that reads its source and writes its result, and nothing else.

Programs that parse hostile files run beside it. Whatever such a file achieves, it reaches no other tenant's objects.
"""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice.adapters.media_objects import S3MediaObjects
from sluice.adapters.upload_objects import S3UploadObjects, client_of
from sluice.domain.errors import ProviderFailure
from sluice.domain.media_keys import media_prefix, playlists_prefix
from sluice.domain.models import Job
from sluice.domain.thumbnails import Thumbnail
from sluice.service.storage_ports import Storage
from sluice.service.thumbnail_ports import Published, ThumbnailStorage

SESSION_S = 900  # the shortest there is, and longer than a function may run that has five minutes


class _Sessions:
    def __init__(self, sts: Any, role_arn: str, *, uploads_bucket: str, media_bucket: str) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._uploads_bucket = uploads_bucket
        self._media_bucket = media_bucket

    def _client(self, name: str, *statements: dict[str, Any]) -> Any:
        """For S3. Both the role and the statements must allow a call. Raises ProviderFailure."""
        try:
            answer = self._sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName=name,
                DurationSeconds=SESSION_S,
                Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
            )
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure("No session for this source could be had.") from error
        return client_of(answer["Credentials"])

    def _allow(self, action: str, *objects: str) -> dict[str, Any]:
        partition = self._role_arn.split(":")[1]
        return {"Effect": "Allow", "Action": action, "Resource": [f"arn:{partition}:s3:::{name}" for name in objects]}


class ScopedStorage(_Sessions):
    """Of an early version: one upload, and whatever lies below one version."""

    def __call__(self, job: Job, version_id: str) -> Storage:
        """Raises ProviderFailure."""
        place = (job.tenant_id, job.asset_id, version_id)
        written = [f"{self._media_bucket}/{prefix(*place)}*" for prefix in (media_prefix, playlists_prefix)]
        client = self._client(
            job.id,
            self._allow("s3:GetObject", f"{self._uploads_bucket}/{job.source_key}"),
            self._allow("s3:PutObject", *written),
        )
        return Storage(S3UploadObjects(client, self._uploads_bucket), S3MediaObjects(client, self._media_bucket))


class ScopedThumbnailStorage(_Sessions):
    """Of a thumbnail: its upload or one published rendition, and its own picture."""

    def __call__(self, thumbnail: Thumbnail, published: Published | None) -> ThumbnailStorage:
        """Raises ProviderFailure."""
        read = [f"{self._uploads_bucket}/{thumbnail.upload_key}"]
        if published:
            read = [f"{self._media_bucket}/{name}" for name in (published.playlist, f"{published.prefix}*")]
        client = self._client(
            thumbnail.id,
            self._allow("s3:GetObject", *read),
            self._allow("s3:PutObject", f"{self._media_bucket}/{thumbnail.media_key}"),
        )
        return ThumbnailStorage(
            sent=S3UploadObjects(client, self._uploads_bucket),
            published=S3UploadObjects(client, self._media_bucket),
            media=S3MediaObjects(client, self._media_bucket),
        )
