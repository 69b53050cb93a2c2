"""S3 as browsers and presigning functions use it."""

from dataclasses import dataclass
from typing import Any

import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.engine import Engine
from infra.local.templates import create_stack
from tests.contract.engine.resources import allow, attribute, ref, resource, role
from tests.contract.engine.sessions import assumed

TIMEOUT_S = 30
ORIGIN = "https://app.example"
PART = b"x" * (5 * 1024 * 1024)


@dataclass
class Uploads:
    engine: Engine
    bucket: str
    s3: Any  # a client under a session of the presigning role

    def create(self, key: str = "uploads/ten_1/upl_1") -> str:
        return str(self.engine.client("s3").create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"])

    def part_url(self, upload_id: str, *, size: int, key: str = "uploads/ten_1/upl_1") -> str:
        parameters = {"Bucket": self.bucket, "Key": key, "UploadId": upload_id, "PartNumber": 1, "ContentLength": size}
        return str(self.s3.generate_presigned_url("upload_part", Params=parameters))


@pytest.fixture(scope="module")
def uploads(engine: Engine) -> Uploads:
    rule = {
        "AllowedOrigins": [ORIGIN],
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["content-length", "content-type"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": 600,
    }
    objects = {"Fn::Join": ["", [attribute("Bucket", "Arn"), "/uploads/*"]]}
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": objects,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [tls_only]}
    template = {
        "Bucket": resource("S3::Bucket", CorsConfiguration={"CorsRules": [rule]}),
        "Policy": resource("S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument=policy),
        "Role": role("lambda", allow(["s3:PutObject"], objects)),
    }
    made = create_stack(engine, "uploads", template, {"Bucket": ref("Bucket"), "Role": attribute("Role", "Arn")})
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return Uploads(engine, made["Bucket"], assumed(engine, made["Role"], "s3", config=config))


def test_a_part_of_the_signed_size_is_accepted(uploads: Uploads) -> None:
    """Also by a bucket that takes TLS alone: loopback counts as such."""
    upload_id = uploads.create()
    url = uploads.part_url(upload_id, size=len(PART))
    answer = requests.put(url, data=PART, headers={"Origin": ORIGIN}, timeout=TIMEOUT_S)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    s3 = uploads.engine.client("s3")
    parts = s3.list_parts(Bucket=uploads.bucket, Key="uploads/ten_1/upl_1", UploadId=upload_id)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in parts] == [(1, len(PART))]


def test_a_part_of_another_size_is_refused(uploads: Uploads) -> None:
    upload_id = uploads.create()
    answer = requests.put(uploads.part_url(upload_id, size=len(PART)), data=PART + b"x", timeout=TIMEOUT_S)
    assert answer.status_code == 403
    s3 = uploads.engine.client("s3")
    assert "Parts" not in s3.list_parts(Bucket=uploads.bucket, Key="uploads/ten_1/upl_1", UploadId=upload_id)


def test_a_url_signed_by_a_role_opens_no_more_than_the_role(uploads: Uploads) -> None:
    key = "elsewhere/upl_1"
    url = uploads.part_url(uploads.create(key), size=1, key=key)
    assert requests.put(url, data=b"x", timeout=TIMEOUT_S).status_code == 403


def test_a_preflight_is_answered_by_the_bucket_s_cors(uploads: Uploads) -> None:
    url = uploads.part_url(uploads.create(), size=1)
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    asked = {**headers, "Access-Control-Request-Headers": "content-type"}
    answer = requests.options(url, headers=asked, timeout=TIMEOUT_S)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    stranger = requests.options(url, headers=asked | {"Origin": "https://other.example"}, timeout=TIMEOUT_S)
    assert stranger.status_code == 403


def test_completion_checks_size_and_existence(uploads: Uploads) -> None:
    s3, key = uploads.engine.client("s3"), "uploads/ten_1/upl_2"

    def complete(size: int) -> Any:
        upload_id = uploads.create(key)
        put = {"Bucket": uploads.bucket, "Key": key, "UploadId": upload_id}
        etag = s3.upload_part(**put, PartNumber=1, Body=PART)["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        return s3.complete_multipart_upload(**put, MultipartUpload=parts, MpuObjectSize=size, IfNoneMatch="*")

    with pytest.raises(ClientError, match="InvalidRequest"):
        complete(1)
    complete(len(PART))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        complete(len(PART))


def test_a_key_encrypts_for_one_context_only(engine: Engine) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    template = {"Key": resource("KMS::Key", KeyPolicy=policy)}
    key = create_stack(engine, "kms", template, {"Key": ref("Key")})["Key"]
    kms = engine.client("kms")
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"tenant": "ten_1"})["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"tenant": "ten_1"})
    assert opened["Plaintext"] == b"secret"
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"tenant": "ten_2"})
