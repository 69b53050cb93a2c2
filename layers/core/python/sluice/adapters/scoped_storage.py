"""Both buckets for one early version: a session that reads one source and writes below one version, and nothing else.

Programs that parse hostile files run beside it. Whatever such a file achieves, it reaches no other tenant's objects.
"""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice.adapters.media_objects import S3MediaObjects
from sluice.adapters.upload_objects import S3UploadObjects, new_s3_client
from sluice.domain.errors import ProviderFailure
from sluice.domain.media_keys import media_prefix, playlists_prefix
from sluice.domain.models import Job
from sluice.service.storage_ports import Storage

SESSION_S = 900  # the shortest there is, and longer than a function may run that has five minutes


class ScopedStorage:
    def __init__(self, sts: Any, role_arn: str, *, uploads_bucket: str, media_bucket: str) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._uploads_bucket = uploads_bucket
        self._media_bucket = media_bucket

    def __call__(self, job: Job, version_id: str) -> Storage:
        """Raises ProviderFailure."""
        try:
            answer = self._sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName=job.id,
                DurationSeconds=SESSION_S,
                Policy=json.dumps(self._policy(job, version_id)),
            )
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure("No session for this source could be had.") from error
        client = new_s3_client(
            aws_access_key_id=answer["Credentials"]["AccessKeyId"],
            aws_secret_access_key=answer["Credentials"]["SecretAccessKey"],
            aws_session_token=answer["Credentials"]["SessionToken"],
        )
        return Storage(S3UploadObjects(client, self._uploads_bucket), S3MediaObjects(client, self._media_bucket))

    def _policy(self, job: Job, version_id: str) -> dict[str, Any]:
        """Both the role and this must allow a call."""
        place = (job.tenant_id, job.asset_id, version_id)
        written = [f"{self._media_bucket}/{prefix(*place)}*" for prefix in (media_prefix, playlists_prefix)]
        return {
            "Version": "2012-10-17",
            "Statement": [
                self._allow("s3:GetObject", f"{self._uploads_bucket}/{job.source_key}"),
                self._allow("s3:PutObject", *written),
            ],
        }

    def _allow(self, action: str, *objects: str) -> dict[str, Any]:
        partition = self._role_arn.split(":")[1]
        return {"Effect": "Allow", "Action": action, "Resource": [f"arn:{partition}:s3:::{name}" for name in objects]}
