"""Checksums of uploads, by the adapter against the local S3 with our patch, and by the fake of the unit tests.

A part's bytes are one letter, five MiB of it, so that S3 takes parts after it.
"""

import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.engine import ENGINE_PYTHON, Engine
from infra.local.templates import create_stack
from sluice.adapters.clock import now
from sluice.adapters.part_signer import S3PartSigner
from sluice.adapters.upload_objects import S3UploadObjects
from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.parts import MIB
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadChecksumMismatch
from sluice.service.ports import SignedPart, UploadObjects
from tests.contract.engine.resources import allow, attribute, ref, resource, role
from tests.fakes import uploads_bucket
from tests.unit.world import World

TIMEOUT_S = 30
SIZE = 5 * MIB
CRC64NVME, CRC32C = ChecksumAlgorithm.CRC64NVME, ChecksumAlgorithm.CRC32C
LENGTHS = {CRC64NVME: 8, CRC32C: 4}
REFERENCE = """
import base64, sys
from awscrt import checksums
data = b"".join(letter.encode() * 5 * 1024 * 1024 for letter in sys.argv[2])
crc = getattr(checksums, sys.argv[1])(data)
print(base64.b64encode(crc.to_bytes(int(sys.argv[3]), "big")).decode())
"""
"""AWS's own library, on the joined bytes: nothing is shared with how the local S3 puts parts' checksums together."""


def real_checksum(algorithm: ChecksumAlgorithm, letters: str) -> Checksum:
    argv = [str(ENGINE_PYTHON), "-c", REFERENCE, algorithm, letters, str(LENGTHS[algorithm])]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return Checksum(algorithm=algorithm, value=printed.strip())


def fake_checksum(algorithm: ChecksumAlgorithm, letters: str) -> Checksum:
    return uploads_bucket.checksum_of(algorithm, *(f"{SIZE}{letter}" for letter in letters))


@dataclass
class Bucket:
    objects: UploadObjects
    put_part: Callable[[str, str, int, str], None]  # key, UploadId, number, letter
    checksum: Callable[[ChecksumAlgorithm, str], Checksum]
    keys: Iterator[str] = field(default_factory=lambda: (f"uploads/ten_1/upl_{number}" for number in count()))

    def parts(self, letters: str, algorithm: ChecksumAlgorithm | None) -> tuple[str, str]:
        """-> (key, UploadId) of an upload whose parts are stored and not joined."""
        key = next(self.keys)
        multipart = self.objects.create_multipart(
            key, content_type="video/mp4", correlation_id="c", checksum_algorithm=algorithm
        )
        for number, letter in enumerate(letters, 1):
            self.put_part(key, multipart, number, letter)
        return key, multipart

    def join(self, key: str, multipart: str, checksum: Checksum | None = None) -> None:
        self.objects.complete_multipart(key, multipart, self.objects.parts(key, multipart), checksum=checksum)


@dataclass
class Stack:
    engine: Engine
    name: str
    role_arn: str


@pytest.fixture(scope="module")
def stack(engine: Engine) -> Stack:
    objects = {"Fn::Join": ["", [attribute("Bucket", "Arn"), "/uploads/*"]]}
    template = {"Bucket": resource("S3::Bucket"), "Role": role("lambda", allow(["s3:PutObject"], objects))}
    made = create_stack(engine, "checksums", template, {"Bucket": ref("Bucket"), "Role": attribute("Role", "Arn")})
    return Stack(engine, made["Bucket"], made["Role"])


@pytest.fixture(scope="module")
def s3(engine: Engine) -> Any:
    return engine.client("s3", config=Config(request_checksum_calculation="when_required"))


@pytest.fixture(params=["fake", "engine"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    if request.param == "fake":
        fake = uploads_bucket.FakeUploadObjects()
        return Bucket(fake, lambda _key, *put: fake.put_part(put[0], put[1], SIZE, put[2]), fake_checksum)
    stack, client = request.getfixturevalue("stack"), request.getfixturevalue("s3")
    prefix = f"uploads/{request.node.name}/"

    def put_part(key: str, multipart: str, number: int, letter: str) -> None:
        body = letter.encode() * SIZE
        client.upload_part(Bucket=stack.name, Key=key, UploadId=multipart, PartNumber=number, Body=body)

    keys = (f"{prefix}{number}" for number in count())
    return Bucket(S3UploadObjects(client, stack.name), put_part, real_checksum, keys)


@pytest.mark.parametrize("algorithm", [CRC64NVME, CRC32C])
def test_the_right_checksum_joins_the_parts_and_stays_with_the_object(
    bucket: Bucket, algorithm: ChecksumAlgorithm
) -> None:
    right = bucket.checksum(algorithm, "abc")
    key, multipart = bucket.parts("abc", algorithm)
    bucket.join(key, multipart, right)
    stored = bucket.objects.head(key)
    assert stored is not None and stored.size == 3 * SIZE and stored.checksum == right


@pytest.mark.parametrize("algorithm", [CRC64NVME, CRC32C])
def test_a_wrong_checksum_leaves_no_object_and_the_upload_open(bucket: Bucket, algorithm: ChecksumAlgorithm) -> None:
    key, multipart = bucket.parts("abb", algorithm)
    right = bucket.checksum(algorithm, "abc")
    with pytest.raises(UploadChecksumMismatch):
        bucket.join(key, multipart, right)
    assert bucket.objects.head(key) is None
    bucket.put_part(key, multipart, 3, "c")  # what the client meant to send
    bucket.join(key, multipart, right)
    stored = bucket.objects.head(key)
    assert stored is not None and stored.checksum == right


def test_each_object_has_a_crc64nvme_unless_it_was_given_another(bucket: Bucket) -> None:
    key, multipart = bucket.parts("ab", None)
    bucket.join(key, multipart)
    stored = bucket.objects.head(key)
    assert stored is not None and stored.checksum == bucket.checksum(CRC64NVME, "ab")


def test_a_value_that_is_declared_late_is_held_to(bucket: Bucket) -> None:
    key, multipart = bucket.parts("ab", None)
    with pytest.raises(UploadChecksumMismatch):
        bucket.join(key, multipart, bucket.checksum(CRC64NVME, "ba"))
    bucket.join(key, multipart, bucket.checksum(CRC64NVME, "ab"))


@pytest.mark.parametrize("algorithm", [CRC64NVME, CRC32C])
def test_parts_are_listed_with_their_checksums(bucket: Bucket, algorithm: ChecksumAlgorithm) -> None:
    key, multipart = bucket.parts("ab", algorithm)
    listed = [part.checksum for part in bucket.objects.parts(key, multipart)]
    assert listed == [bucket.checksum(algorithm, letter) for letter in "ab"]


@dataclass
class Slot:
    upload: Upload
    objects: S3UploadObjects
    signer: S3PartSigner

    def sign(self, value: str) -> SignedPart:
        [part] = self.signer.sign(self.upload, [1], expires_s=900, checksums={1: value})
        return part

    @property
    def stored(self) -> int:
        return len(self.objects.parts(self.upload.key, self.upload.multipart_id))


@pytest.fixture(params=[CRC64NVME, CRC32C])
def slot(request: pytest.FixtureRequest, stack: Stack, s3: Any, monkeypatch: pytest.MonkeyPatch) -> Slot:
    """Declared with a checksum of the request's algorithm, whose value does not matter to the parts."""
    for name, value in (("AWS_ENDPOINT_URL", stack.engine.endpoint_url), ("AWS_DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    algorithm = request.param
    objects = S3UploadObjects(s3, stack.name)
    upload = World().create(SIZE)[0]
    multipart = objects.create_multipart(
        upload.key, content_type="video/mp4", correlation_id="c", checksum_algorithm=algorithm
    )
    declared = Checksum(algorithm=algorithm, value=b64encode(bytes(LENGTHS[algorithm])).decode())
    upload = upload.model_copy(update={"multipart_id": multipart, "checksum": declared})
    return Slot(upload, objects, S3PartSigner(stack.engine.client("sts"), stack.role_arn, stack.name, now))


def test_a_part_is_taken_with_the_checksum_that_its_url_binds(slot: Slot) -> None:
    part = slot.sign(real_checksum(slot.upload.checksum_algorithm, "a").value)
    answer = requests.put(part.url, data=b"a" * SIZE, headers=part.headers, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    assert slot.stored == 1


def test_other_bytes_than_the_url_s_checksum_are_refused(slot: Slot) -> None:
    part = slot.sign(real_checksum(slot.upload.checksum_algorithm, "a").value)
    answer = requests.put(part.url, data=b"b" * SIZE, headers=part.headers, timeout=TIMEOUT_S)
    assert answer.status_code == 400 and "<Code>BadDigest<" in answer.text
    assert slot.stored == 0


def test_a_url_with_a_checksum_is_of_no_use_without_its_header_or_with_another_value(slot: Slot) -> None:
    algorithm = slot.upload.checksum_algorithm
    part = slot.sign(real_checksum(algorithm, "a").value)
    other = {f"x-amz-checksum-{algorithm}": real_checksum(algorithm, "b").value}
    for headers in ({}, other):
        answer = requests.put(part.url, data=b"b" * SIZE, headers=headers, timeout=TIMEOUT_S)
        assert answer.status_code == 403, answer.text
    assert slot.stored == 0


def test_a_part_s_checksum_is_of_the_upload_s_algorithm(stack: Stack, s3: Any) -> None:
    """boto3 adds a CRC32 where it is not told otherwise, which S3 refuses for such an upload."""
    key = "uploads/ten_1/other-algorithm"
    multipart = S3UploadObjects(s3, stack.name).create_multipart(key, content_type="video/mp4", correlation_id="c")
    with pytest.raises(ClientError, match="expected checksum Type: crc64nvme, actual checksum Type: crc32"):
        stack.engine.client("s3").upload_part(
            Bucket=stack.name, Key=key, UploadId=multipart, PartNumber=1, Body=b"a" * SIZE
        )


def test_completion_takes_a_value_only_with_its_type(stack: Stack, s3: Any) -> None:
    target = {"Bucket": stack.name, "Key": "uploads/ten_1/no-type"}
    created = s3.create_multipart_upload(**target, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT")
    assert created["ChecksumType"] == "FULL_OBJECT"
    put = {**target, "UploadId": created["UploadId"]}
    parts = {"Parts": [{"PartNumber": 1, "ETag": s3.upload_part(**put, PartNumber=1, Body=b"a" * SIZE)["ETag"]}]}
    right = {"ChecksumCRC64NVME": real_checksum(CRC64NVME, "a").value}
    with pytest.raises(ClientError, match="BadDigest"):
        s3.complete_multipart_upload(**put, MultipartUpload=parts, **right)
    answer = s3.complete_multipart_upload(**put, MultipartUpload=parts, **right, ChecksumType="FULL_OBJECT")
    assert answer["ChecksumType"] == "FULL_OBJECT" and answer["ChecksumCRC64NVME"] == right["ChecksumCRC64NVME"]


def test_checksums_of_checksums_are_still_told_apart(stack: Stack, s3: Any) -> None:
    target = {"Bucket": stack.name, "Key": "uploads/ten_1/composite"}
    put = {**target, "UploadId": s3.create_multipart_upload(**target, ChecksumAlgorithm="CRC32C")["UploadId"]}
    parts = {"Parts": [{"PartNumber": 1, "ETag": s3.upload_part(**put, PartNumber=1, Body=b"a" * SIZE)["ETag"]}]}
    s3.complete_multipart_upload(**put, MultipartUpload=parts)
    head = s3.head_object(**target, ChecksumMode="ENABLED")
    assert head["ChecksumType"] == "COMPOSITE" and head["ChecksumCRC32C"].endswith("-1")
    stored = S3UploadObjects(s3, stack.name).head(target["Key"])
    assert stored is not None and stored.checksum is None
