"""CPU that all URLs of the largest upload cost, 10,000 parts: through the part signer, and over boto3's for as many.

A warm signer: its session and client are made before. boto3 signs 500 of the parts with the same credentials, counted
twenty times; both sign in turn, and the fastest round of each counts.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import boto3
from botocore.config import Config

from sluice.adapters.clock import now
from sluice.adapters.part_signer import S3PartSigner
from sluice.domain.parts import MAX_PARTS, MIN_PART_SIZE, part_length
from sluice.domain.upload import Upload
from tests.bench.figure import Figure
from tests.unit.world import World

ROUNDS = 5
BOTO3_PARTS = 500
BUCKET = "uploads"
LIMIT_MS = 60.0  # 35 on a 2-core machine
LIMIT_OVER_BOTO3 = 0.025  # forty times as fast
CREDENTIALS = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "a made-up secret",
    "SessionToken": "token" * 100,  # real ones are several hundred characters
}


class FixedSts:
    def assume_role(self, **_request: Any) -> Any:
        return {"Credentials": {**CREDENTIALS, "Expiration": now() + timedelta(hours=1)}}


def cpu_s(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def boto3_signing(upload: Upload) -> Callable[[], object]:
    client = boto3.client(
        "s3",
        aws_access_key_id=CREDENTIALS["AccessKeyId"],
        aws_secret_access_key=CREDENTIALS["SecretAccessKey"],
        aws_session_token=CREDENTIALS["SessionToken"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )

    def sign(number: int) -> str:
        length = part_length(upload.size_bytes, upload.part_size, number)
        part = {"UploadId": upload.multipart_id, "PartNumber": number, "ContentLength": length}
        target = {"Bucket": BUCKET, "Key": upload.key}
        return str(client.generate_presigned_url("upload_part", Params={**target, **part}, ExpiresIn=900))

    return lambda: [sign(number) for number in range(1, BOTO3_PARTS + 1)]


def figures() -> Iterator[Figure]:
    upload, _ = World().create(MAX_PARTS * MIN_PART_SIZE)
    signer = S3PartSigner(FixedSts(), "role", BUCKET, now)
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "eu-west-1"}):
        theirs = boto3_signing(upload)
        signer.sign(upload, [1], expires_s=900)
    theirs()
    rounds = [
        (cpu_s(lambda: signer.sign(upload, range(1, MAX_PARTS + 1), expires_s=900)), cpu_s(theirs))
        for _ in range(ROUNDS)
    ]
    ours_s, theirs_s = (min(measured) for measured in zip(*rounds, strict=True))
    yield Figure("presign_10000_parts_cpu", ours_s * 1000, "cpu_ms", LIMIT_MS)
    yield Figure(
        "presign_10000_parts_over_boto3", ours_s / (theirs_s * MAX_PARTS / BOTO3_PARTS), "ratio", LIMIT_OVER_BOTO3
    )
