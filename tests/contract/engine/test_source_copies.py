"""What every copier of S3 objects keeps: exact bytes of the state that was found, and refusals by their kind."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from infra.local.engine import Engine
from sluice.adapters.source_copies import S3SourceCopies
from sluice.adapters.upload_objects import S3UploadObjects
from sluice.domain.parts import MIB
from sluice.domain.source_errors import SourceChanged, SourceRefused
from sluice.domain.upload_errors import UploadClosed
from sluice.service.fetch_task import FetchObjects
from sluice.service.source_ports import CopySources
from tests.fakes.fetching import FakeCopySources
from tests.fakes.uploads_bucket import FakeUploadObjects

UPLOADS, FILMS, KEY = "copied-uploads", "copied-films", "2026/a film?#1.mp4"
TARGET = "uploads/ten/upl"
PutObject = Callable[[bytes], None]
Store = tuple[CopySources, FetchObjects, PutObject]


@pytest.fixture(scope="module")
def s3(engine: Engine) -> Any:
    client = engine.client("s3", config=Config(request_checksum_calculation="when_required"))
    for bucket in (UPLOADS, FILMS):
        client.create_bucket(Bucket=bucket)
    return client


@pytest.fixture(params=["fake", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "fake":
        target = FakeUploadObjects()
        copies = FakeCopySources(target)

        def put(content: bytes) -> None:
            copies.objects[FILMS, KEY] = (content, f'"{hash(content):x}"')

        return copies, target, put
    client = request.getfixturevalue("s3")
    return (
        S3SourceCopies(client, UPLOADS),
        S3UploadObjects(client, UPLOADS),
        lambda content: client.put_object(Bucket=FILMS, Key=KEY, Body=content, ContentType="video/mp4"),
    )


def opened(objects: FetchObjects) -> str:
    return objects.create_multipart(TARGET, content_type="video/mp4", correlation_id="c")


def test_ranges_become_parts(store: Store) -> None:
    copies, objects, put = store
    put(b"a" * 5 * MIB + b"b" * 77)
    source = copies.find(FILMS, KEY)
    assert (source.size, source.content_type) == (5 * MIB + 77, "video/mp4")
    multipart = opened(objects)
    copies.copy_part(source, 5 * MIB, 77, key=TARGET, multipart_id=multipart, number=2)
    copies.copy_part(source, 0, 5 * MIB, key=TARGET, multipart_id=multipart, number=1)
    parts = objects.parts(TARGET, multipart)
    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 77)]
    objects.complete_multipart(TARGET, multipart, parts)
    stored = objects.head(TARGET)
    assert stored is not None and stored.size == source.size


def test_a_small_object_is_one_part(store: Store) -> None:
    copies, objects, put = store
    put(b"abc")
    multipart = opened(objects)
    copies.copy_part(copies.find(FILMS, KEY), 0, 3, key=TARGET, multipart_id=multipart, number=1)
    assert [part.size for part in objects.parts(TARGET, multipart)] == [3]


def test_another_state_than_the_one_that_was_found_is_not_copied(store: Store) -> None:
    copies, objects, put = store
    put(b"one")
    source = copies.find(FILMS, KEY)
    put(b"two")
    multipart = opened(objects)
    with pytest.raises(SourceChanged):
        copies.copy_part(source, 0, 3, key=TARGET, multipart_id=multipart, number=1)
    assert objects.parts(TARGET, multipart) == []


@pytest.mark.parametrize(("bucket", "key"), [(FILMS, "b.mp4"), ("nowhere", KEY)])
def test_what_is_not_there_is_refused(store: Store, bucket: str, key: str) -> None:
    copies, _, put = store
    put(b"one")
    with pytest.raises(SourceRefused) as refused:
        copies.find(bucket, key)
    assert refused.value.status == 404


def test_an_aborted_upload_takes_neither_copies_nor_parts(store: Store) -> None:
    copies, objects, put = store
    put(b"one")
    multipart = opened(objects)
    objects.abort_multipart(TARGET, multipart)
    with pytest.raises(UploadClosed):
        copies.copy_part(copies.find(FILMS, KEY), 0, 3, key=TARGET, multipart_id=multipart, number=1)
    with pytest.raises(UploadClosed):
        objects.upload_part(TARGET, multipart, 1, bytearray(b"x"))


def test_parts_are_stored_as_they_are_given(store: Store) -> None:
    _, objects, _ = store
    multipart = opened(objects)
    objects.upload_part(TARGET, multipart, 1, bytearray(b"abc"))
    objects.upload_part(TARGET, multipart, 1, bytearray(b"abcd"))
    assert [(part.number, part.size) for part in objects.parts(TARGET, multipart)] == [(1, 4)]
