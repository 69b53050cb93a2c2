"""Thumbnails of every record store, and what their adapters ask AWS for."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from sluice.adapters.function_calls import LambdaThumbnailMaker
from sluice.adapters.media_objects import S3MediaObjects
from sluice.adapters.picture_signer import S3PictureSigner
from sluice.adapters.scoped_storage import ScopedThumbnailStorage
from sluice.domain.errors import ProviderFailure, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.thumbnails import ThumbnailCount
from sluice.service.ports import Create, Records, Remove, Replace
from sluice.service.thumbnail_ports import Published
from tests.contract.samples import MOMENT, TENANT, make_thumbnail, new_id

ROLE = "arn:aws:iam::123456789012:role/signer"


def test_they_are_listed_by_asset_newest_first(records: Records) -> None:
    asset_id = new_id(Prefix.ASSET)
    made = [make_thumbnail(asset_id=asset_id, number=number) for number in range(1, 4)]
    for one in (*made, make_thumbnail()):
        records.commit(Create(one))
    assert records.list_thumbnails(TENANT, asset_id, limit=2, before=None) == (made[:0:-1], made[1].id)
    assert records.list_thumbnails(TENANT, asset_id, limit=2, before=made[1].id) == (made[:1], None)
    assert records.thumbnail(TENANT, asset_id, made[0].id) == made[0]
    records.commit(Remove(made[0]))
    assert records.thumbnail(TENANT, asset_id, made[0].id) is None


def test_two_requests_cannot_have_one_number(records: Records) -> None:
    asset_id = new_id(Prefix.ASSET)
    assert records.thumbnail_count(TENANT, asset_id) is None
    first = ThumbnailCount(tenant_id=TENANT, asset_id=asset_id, last=1)
    records.commit(Create(first))
    with pytest.raises(WriteConflict):
        records.commit(Create(first))
    second = first.model_copy(update={"last": 2, "version": 2})
    records.commit(Replace(second))
    with pytest.raises(WriteConflict):
        records.commit(Replace(second))
    assert records.thumbnail_count(TENANT, asset_id) == second


class RecordingSts:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def assume_role(self, **wanted: Any) -> dict[str, Any]:
        self.asked.append(wanted)
        keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "secret", "SessionToken": "token"}
        return {"Credentials": keys}

    def policies(self) -> list[set[tuple[str, str]]]:
        return [
            {
                (one["Action"], resource)
                for one in json.loads(wanted["Policy"])["Statement"]
                for resource in ([one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"])
            }
            for wanted in self.asked
        ]


def test_a_place_to_send_binds_length_type_and_key() -> None:
    sts, picture = RecordingSts(), make_thumbnail(time_s=None, size_bytes=1234, content_type="image/jpeg")
    with mock_aws():
        signed = S3PictureSigner(sts, ROLE, "uploads", lambda: MOMENT).sign(picture)
    assert urlsplit(signed.url).path.endswith(f"/uploads/{picture.upload_key}")
    query = parse_qs(urlsplit(signed.url).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    assert query["X-Amz-Expires"] == ["900"]
    assert (signed.headers, signed.expires_at) == ({"content-type": "image/jpeg"}, picture.upload_until)
    assert sts.policies() == [{("s3:PutObject", f"arn:aws:s3:::uploads/{picture.upload_key}")}]


def test_a_session_reaches_one_source_and_one_picture() -> None:
    sts, thumbnail = RecordingSts(), make_thumbnail()
    storage = ScopedThumbnailStorage(sts, ROLE, uploads_bucket="uploads", media_bucket="media")
    with mock_aws():
        storage(thumbnail, None)
        storage(thumbnail, Published("playlists/t/a/v/v720.m3u8", "media/t/a/v/v720/"))
    written = ("s3:PutObject", f"arn:aws:s3:::media/{thumbnail.media_key}")
    assert sts.policies() == [
        {written, ("s3:GetObject", f"arn:aws:s3:::uploads/{thumbnail.upload_key}")},
        {
            written,
            ("s3:GetObject", "arn:aws:s3:::media/playlists/t/a/v/v720.m3u8"),
            ("s3:GetObject", "arn:aws:s3:::media/media/t/a/v/v720/*"),
        },
    ]


def test_a_picture_is_removed_and_none_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"JPEG")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="media")
        media = S3MediaObjects(client, "media")
        for key in ("media/a", "media/b"):
            media.put_file(key, tmp_path / "picture", content_type="image/jpeg", cache_control="", metadata={})
        for _ in range(2):
            media.delete("media/a")
        assert [one["Key"] for one in client.list_objects_v2(Bucket="media")["Contents"]] == ["media/b"]
        with pytest.raises(ProviderFailure):
            S3MediaObjects(client, "nowhere").delete("media/a")


class RecordingLambda:
    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, **call: Any) -> None:
        self.calls.append(call)


def test_the_function_is_called_without_waiting() -> None:
    client, thumbnail = RecordingLambda(), make_thumbnail()
    LambdaThumbnailMaker(client, "make").start(thumbnail)
    [call] = client.calls
    assert (call["FunctionName"], call["InvocationType"]) == ("make", "Event")
    assert json.loads(call["Payload"]) == {
        "tenant_id": TENANT,
        "asset_id": thumbnail.asset_id,
        "thumbnail_id": thumbnail.id,
    }


def test_a_call_that_lambda_refuses_is_our_fault() -> None:
    with mock_aws(), pytest.raises(ProviderFailure) as raised:
        LambdaThumbnailMaker(boto3.client("lambda"), "missing").start(make_thumbnail())
    assert isinstance(raised.value.__cause__, ClientError)
