"""What every PlaylistFiles must do, run against the fake and against S3 (moto)."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.playlist_files import S3PlaylistFiles
from sluice.domain.errors import PlaybackNotFound, ProviderFailure
from sluice.service.playback_ports import PlaylistFiles
from tests.fakes.playlist_files import FakePlaylistFiles

BUCKET = "media"
MASTER = "playlists/ten/ast/ver/master.m3u8"
OTHER = "playlists/ten/ast/ver/v360.m3u8"


@pytest.fixture
def bucket() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key=MASTER, Body="#EXTM3U\n# ü\n".encode())
        client.put_object(Bucket=BUCKET, Key=OTHER, Body=b"#EXTM3U\n")
        yield client


@pytest.fixture(params=["fake", "s3"])
def files(request: pytest.FixtureRequest, bucket: Any) -> PlaylistFiles:
    if request.param == "fake":
        return FakePlaylistFiles({MASTER: "#EXTM3U\n# ü\n", OTHER: "#EXTM3U\n"})
    return S3PlaylistFiles(bucket, BUCKET)


def test_reads_the_stored_text(files: PlaylistFiles) -> None:
    assert files.read(MASTER) == "#EXTM3U\n# ü\n"


def test_reads_it_again(files: PlaylistFiles) -> None:
    assert files.read(OTHER) == files.read(OTHER) == "#EXTM3U\n"


def test_a_missing_file_is_not_found(files: PlaylistFiles) -> None:
    with pytest.raises(PlaybackNotFound):
        files.read("playlists/ten/ast/ver/nothing.m3u8")


def test_keeps_what_was_read_and_forgets_the_oldest(bucket: Any) -> None:
    files = S3PlaylistFiles(bucket, BUCKET, capacity=19)  # both texts together have 20 characters
    files.read(OTHER)
    bucket.delete_object(Bucket=BUCKET, Key=OTHER)
    assert files.read(OTHER) == "#EXTM3U\n", "the second reading needs no S3"
    files.read(MASTER)
    with pytest.raises(PlaybackNotFound):
        files.read(OTHER)


def test_what_was_read_last_stays(bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="third", Body=b"12")
    files = S3PlaylistFiles(bucket, BUCKET, capacity=21)
    for path in (MASTER, OTHER, MASTER, "third"):  # the third makes 22: OTHER is the oldest now
        files.read(path)
    bucket.delete_object(Bucket=BUCKET, Key=MASTER)
    assert files.read(MASTER) == "#EXTM3U\n# ü\n"


def test_what_was_forgotten_makes_room_for_no_more_than_itself(bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="third", Body=b"12")
    files = S3PlaylistFiles(bucket, BUCKET, capacity=19)
    for path in (OTHER, MASTER, "third", OTHER):  # 12 characters stay of the first two, the last make it 22
        files.read(path)
    bucket.delete_object(Bucket=BUCKET, Key=MASTER)
    with pytest.raises(PlaybackNotFound):
        files.read(MASTER)


def test_an_unreachable_bucket_is_our_failure(bucket: Any) -> None:
    with pytest.raises(ProviderFailure):
        S3PlaylistFiles(bucket, "no-such-bucket").read(MASTER)
