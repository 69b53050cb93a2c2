"""Presigned UploadPart URLs that each bind key, upload, part number and exact length, and a checksum if one is given.

They are signed under an own AssumeRole session whose end is known: the runtime's credentials may rotate at any time,
and a URL dies with the session that signed it, so only a session with enough life left keeps a URL's promise.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config

from sluice.adapters.sigv4_parts import Part, PartPresigner
from sluice.domain.parts import part_length
from sluice.domain.upload import Upload
from sluice.service.ports import NO_CHECKSUMS, SignedPart

SESSION_S = 3600  # the longest session that a role chained from another role can have


class _Session(NamedTuple):
    presigner: PartPresigner
    ends_at: datetime


class S3PartSigner:
    def __init__(self, sts: Any, role_arn: str, bucket: str, now: Callable[[], datetime]) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._bucket = bucket
        self._now = now
        self._session: _Session | None = None

    def sign(
        self, upload: Upload, numbers: Iterable[int], *, expires_s: int, checksums: Mapping[int, str] = NO_CHECKSUMS
    ) -> list[SignedPart]:
        at = self._now()
        presigner = self._presigner_until(at + timedelta(seconds=expires_s))
        header = f"x-amz-checksum-{upload.checksum_algorithm}"
        parts = [
            Part(number, part_length(upload.size_bytes, upload.part_size, number), checksums.get(number))
            for number in numbers
        ]
        target = (self._bucket, upload.key, upload.multipart_id)
        urls = presigner.urls(*target, parts, expires_s=expires_s, at=at, checksum_header=header)
        return [
            SignedPart(part.number, url, part.length, {} if part.checksum is None else {header: part.checksum})
            for part, url in zip(parts, urls, strict=True)
        ]

    def _presigner_until(self, end: datetime) -> PartPresigner:
        if self._session is None or self._session.ends_at < end:
            answer = self._sts.assume_role(
                RoleArn=self._role_arn, RoleSessionName="sign-parts", DurationSeconds=SESSION_S
            )
            credentials = answer["Credentials"]
            self._session = _Session(presigner_for(credentials, self._bucket), credentials["Expiration"])
        return self._session.presigner


def presigner_for(credentials: dict[str, Any], bucket: str) -> PartPresigner:
    """For a session's `credentials`, as STS answers them, where boto3 finds S3 (AWS_ENDPOINT_URL, region, FIPS ...).

    A URL of boto3's own says where: with FIPS in us-east-1 a client's `meta.endpoint_url` names a host that is not.
    """
    client = boto3.client(
        "s3",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    sample = urlsplit(client.generate_presigned_url("head_bucket", Params={"Bucket": bucket}))
    _day, region, _service, _end = parse_qs(sample.query)["X-Amz-Credential"][0].rsplit("/", 4)[1:]
    return PartPresigner(
        access_key=credentials["AccessKeyId"],
        secret_key=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
        region=region,
        endpoint_url=f"{sample.scheme}://{sample.netloc}{sample.path.removesuffix(f'/{bucket}')}",
    )
