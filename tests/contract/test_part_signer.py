"""Part URLs: what they bind, and that no session ends before the URLs it signed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.clock import now
from sluice.adapters.part_signer import SESSION_S, S3PartSigner
from sluice.domain.parts import MIB
from tests.unit.world import World


class CountingSts:
    def __init__(self, client: Any) -> None:
        self._client = client
        self.sessions = 0

    def assume_role(self, **request: Any) -> Any:
        self.sessions += 1
        return self._client.assume_role(**request)


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingSts]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield CountingSts(boto3.client("sts"))


def signer(sts: CountingSts, *, late: timedelta = timedelta()) -> S3PartSigner:
    """A signer whose clock is `late` when it looks at the session that its first call made."""
    return S3PartSigner(sts, "arn:aws:iam::123456789012:role/presign", "uploads", lambda: now() + late)


def test_a_url_binds_key_part_and_exact_length(sts: CountingSts) -> None:
    upload, _ = World().create(20 * MIB)
    first, last = signer(sts).sign(upload, [1, 3], expires_s=900)
    assert (first.number, first.length, last.number, last.length) == (1, 8 * MIB, 3, 4 * MIB)
    url = urlsplit(last.url)
    query = parse_qs(url.query)
    assert url.path == f"/uploads/{upload.key}"
    assert query["partNumber"] == ["3"] and query["uploadId"] == [upload.multipart_id]
    assert query["X-Amz-Expires"] == ["900"]
    assert "content-length" in query["X-Amz-SignedHeaders"][0].split(";")
    assert "X-Amz-Security-Token" in query


def test_a_url_binds_the_checksum_and_says_which_header_to_send(sts: CountingSts) -> None:
    upload, _ = World().create(20 * MIB)
    checked, plain = signer(sts).sign(upload, [1, 2], expires_s=900, checksums={1: "AAAAAAAAAAA="})
    assert checked.headers == {"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="} and plain.headers == {}
    signed = [parse_qs(urlsplit(part.url).query)["X-Amz-SignedHeaders"][0].split(";") for part in (checked, plain)]
    assert signed == [["content-length", "host", "x-amz-checksum-crc64nvme"], ["content-length", "host"]]


def test_a_session_is_used_while_its_life_covers_the_urls(sts: CountingSts) -> None:
    upload, _ = World().create()
    signing = signer(sts, late=timedelta(seconds=SESSION_S - 1000))
    signing.sign(upload, [1], expires_s=900)
    signing.sign(upload, [1], expires_s=900)
    assert sts.sessions == 1


def test_a_session_that_would_end_too_early_is_replaced(sts: CountingSts) -> None:
    upload, _ = World().create()
    signing = signer(sts, late=timedelta(seconds=SESSION_S - 800))
    signing.sign(upload, [1], expires_s=900)
    signing.sign(upload, [1], expires_s=900)
    assert sts.sessions == 2
