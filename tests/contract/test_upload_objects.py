"""What every uploads bucket keeps: parts as stored, one object per key, and nothing joined that was not listed."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.upload_objects import S3UploadObjects
from sluice.domain.parts import MIB
from sluice.domain.upload_errors import UploadClosed, UploadIncomplete
from sluice.service.ports import UploadObjects
from tests.fakes.uploads_bucket import FakeUploadObjects

PutPart = Callable[[str, int, int], None]
BUCKET, KEY = "uploads", "uploads/ten/upl"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture(params=["fake", "s3"])
def bucket(request: pytest.FixtureRequest) -> tuple[UploadObjects, PutPart]:
    if request.param == "fake":
        fake = FakeUploadObjects()
        return fake, fake.put_part
    client = request.getfixturevalue("s3")

    def put_part(multipart_id: str, number: int, size: int) -> None:
        client.upload_part(Bucket=BUCKET, Key=KEY, UploadId=multipart_id, PartNumber=number, Body=b"x" * size)

    return S3UploadObjects(client, BUCKET), put_part


def test_listed_parts_become_the_object(bucket: tuple[UploadObjects, PutPart]) -> None:
    objects, put_part = bucket
    multipart = objects.create_multipart(KEY, content_type="video/mp4", correlation_id="c")
    assert objects.parts(KEY, multipart) == [] and objects.head(KEY) is None
    put_part(multipart, 2, 7)
    put_part(multipart, 1, 5 * MIB)
    parts = objects.parts(KEY, multipart)
    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 7)]
    objects.complete_multipart(KEY, multipart, parts)
    stored = objects.head(KEY)
    assert stored is not None and stored.size == 5 * MIB + 7
    with pytest.raises(UploadClosed):
        objects.parts(KEY, multipart)
    objects.delete(KEY)
    assert objects.head(KEY) is None


def test_a_part_replaced_after_listing_is_not_joined(bucket: tuple[UploadObjects, PutPart]) -> None:
    objects, put_part = bucket
    multipart = objects.create_multipart(KEY, content_type="video/mp4", correlation_id="c")
    put_part(multipart, 1, 10)
    listed = objects.parts(KEY, multipart)
    put_part(multipart, 1, 11)
    with pytest.raises(UploadIncomplete):
        objects.complete_multipart(KEY, multipart, listed)
    assert objects.head(KEY) is None


def test_aborting_frees_the_parts_and_may_be_repeated(bucket: tuple[UploadObjects, PutPart]) -> None:
    objects, put_part = bucket
    multipart = objects.create_multipart(KEY, content_type="video/mp4", correlation_id="c")
    put_part(multipart, 1, 10)
    for _ in range(2):
        objects.abort_multipart(KEY, multipart)
    with pytest.raises(UploadClosed):
        objects.parts(KEY, multipart)
