"""The media bucket's part that tasks share."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.work_objects import S3WorkObjects
from sluice.domain.errors import ProviderFailure


def test_what_one_task_puts_another_gets(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"piece")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="media")
        S3WorkObjects(client, "media").put("work/x", tmp_path / "a")
        S3WorkObjects(client, "media").get("work/x", tmp_path / "b")
        assert (tmp_path / "b").read_bytes() == b"piece"
        with pytest.raises(ProviderFailure):
            S3WorkObjects(client, "media").get("work/y", tmp_path / "c")
        with pytest.raises(ProviderFailure):
            S3WorkObjects(client, "nowhere").put("work/y", tmp_path / "a")
