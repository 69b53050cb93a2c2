"""Part URLs against two authorities: boto3, whole URL by whole URL, and the example in AWS's own description."""

import hmac
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import example, given
from hypothesis import strategies as st

from sluice.adapters.part_signer import S3PartSigner
from sluice.adapters.sigv4_parts import Part, PartPresigner, signing_key
from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.parts import MIB
from tests.unit.world import World

AT = datetime(2026, 11, 30, 12, 0, 5, tzinfo=UTC)
ACCESS, SECRET, TOKEN = "ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2Vj//+/a b=="
NATIVE = None  # the region's own endpoint
ENDPOINTS = (
    NATIVE,
    "http://127.0.0.1:4566",
    "http://localhost:80",
    "https://S3.Example.test:443",
    "https://storage.example.test:9000/s3/",
    "http://[::1]:4566",
)
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1")


class Request(NamedTuple):
    bucket: str
    key: str
    upload_id: str
    number: int
    length: int
    expires_s: int
    checksum: tuple[ChecksumAlgorithm, str] | None = None


@cache
def s3(region: str, endpoint: str | None, token: str | None) -> Any:
    return boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def of_boto3(client: Any, request: Request, at: datetime) -> str:
    declared = {f"Checksum{request.checksum[0].upper()}": request.checksum[1]} if request.checksum else {}
    with patch("botocore.auth.get_current_datetime", return_value=at.astimezone(UTC).replace(tzinfo=None)):
        return str(
            client.generate_presigned_url(
                "upload_part",
                Params={
                    "Bucket": request.bucket,
                    "Key": request.key,
                    "UploadId": request.upload_id,
                    "PartNumber": request.number,
                    "ContentLength": request.length,
                    **declared,
                },
                ExpiresIn=request.expires_s,
            )
        )


def presigner(region: str, endpoint: str | None, token: str | None) -> PartPresigner:
    return PartPresigner(
        access_key=ACCESS,
        secret_key=SECRET,
        session_token=token,
        region=region,
        endpoint_url=s3(region, endpoint, token).meta.endpoint_url,
    )


def of_ours(signer: PartPresigner, request: Request, at: datetime) -> str:
    bucket, key, upload_id, number, length, expires_s, checksum = request
    header, value = (f"x-amz-checksum-{checksum[0]}", checksum[1]) if checksum else ("", None)
    part = Part(number, length, value)
    return next(signer.urls(bucket, key, upload_id, [part], expires_s=expires_s, at=at, checksum_header=header))


def assert_same(ours: str, theirs: str) -> None:
    """The query first: its difference says more than the signature's."""
    assert parse_qs(urlsplit(ours).query, strict_parsing=True) == parse_qs(urlsplit(theirs).query, strict_parsing=True)
    assert ours == theirs


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
OWN_IDS = st.from_regex(r"uploads/ten_[0-9a-z]{26}/upl_[0-9a-z]{26}", fullmatch=True)
CHECKSUMS = st.one_of(
    *(
        st.tuples(
            st.just(algorithm), st.binary(min_size=length, max_size=length).map(lambda crc: b64encode(crc).decode())
        )
        for algorithm, length in ((ChecksumAlgorithm.CRC64NVME, 8), (ChecksumAlgorithm.CRC32C, 4))
    )
)
REQUESTS = st.builds(
    Request,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9.-]{1,30}[a-z0-9]", fullmatch=True),
    key=OWN_IDS | TEXT | st.text(" ~/.+%&=?#é*'", min_size=1),
    upload_id=TEXT,
    number=st.integers(1, 10_000),
    length=st.integers(0, 5 * 1024 * MIB),
    expires_s=st.integers(1, 604_800),
    checksum=st.none() | CHECKSUMS,
)


@given(
    request=REQUESTS,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    region=st.sampled_from(REGIONS),
    endpoint=st.sampled_from(ENDPOINTS),
    token=st.sampled_from([None, TOKEN]),
)
@example(
    Request("uploads", "a b/~é//../%2F", "x~y.z_-", 10_000, 5 * 1024 * MIB, 604_800), AT, REGIONS[0], NATIVE, TOKEN
)
def test_a_url_is_boto3s(request: Request, at: datetime, region: str, endpoint: str | None, token: str | None) -> None:
    ours = of_ours(presigner(region, endpoint, token), request, at)
    assert_same(ours, of_boto3(s3(region, endpoint, token), request, at))


def test_a_signing_key_is_not_used_on_another_day() -> None:
    signer, client = presigner("eu-west-1", NATIVE, TOKEN), s3("eu-west-1", NATIVE, TOKEN)
    request = Request("uploads", "key", "id", 1, 8 * MIB, 900)
    for at in (AT, AT + timedelta(days=1), AT, AT.astimezone(timezone(timedelta(hours=13)))):
        assert_same(of_ours(signer, request, at), of_boto3(client, request, at))


def test_the_signing_key_gives_the_signature_of_awss_example() -> None:
    to_sign = (
        "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
        "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04"
    )
    signature = hmac.digest(signing_key(SECRET, "20130524", "us-east-1"), to_sign.encode(), "sha256")
    assert signature.hex() == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


class FixedSts:
    def assume_role(self, **_request: Any) -> Any:
        return {
            "Credentials": {
                "AccessKeyId": ACCESS,
                "SecretAccessKey": SECRET,
                "SessionToken": TOKEN,
                "Expiration": AT + timedelta(hours=1),
            }
        }


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    yield monkeypatch


@pytest.mark.parametrize(
    "settings",
    [
        {"AWS_DEFAULT_REGION": "eu-west-1"},
        {"AWS_DEFAULT_REGION": "us-east-1"},
        {"AWS_DEFAULT_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_DEFAULT_REGION": "us-east-1", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional"},
        {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": "https://s3.example.test:9000/base/"},
        {"AWS_DEFAULT_REGION": "aws-global"},
        {},
    ],
    ids=lambda settings: ",".join(settings.values()) or "no region",
)
def test_the_signer_signs_where_boto3_would(settings: dict[str, str], plain_environment: pytest.MonkeyPatch) -> None:
    for name, value in settings.items():
        plain_environment.setenv(name, value)
    upload, _ = World().create(20 * MIB)
    client = boto3.client(
        "s3",
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    signed = S3PartSigner(FixedSts(), "role", "uploads", lambda: AT).sign(upload, [2, 1, 3], expires_s=900)
    assert [(part.number, part.length) for part in signed] == [(2, 8 * MIB), (1, 8 * MIB), (3, 4 * MIB)]
    for part in signed:
        request = Request("uploads", upload.key, upload.multipart_id, part.number, part.length, 900)
        assert_same(part.url, of_boto3(client, request, AT))


@pytest.mark.parametrize("algorithm", ChecksumAlgorithm)
def test_some_parts_of_a_page_are_signed_with_checksums(
    algorithm: ChecksumAlgorithm, plain_environment: pytest.MonkeyPatch
) -> None:
    plain_environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    whole = Checksum(algorithm=algorithm, value="of the object")
    upload = World().create(20 * MIB)[0].model_copy(update={"checksum": whole})
    values = {1: "AAAAAA==", 3: "+/+/+/=="}
    client = s3("eu-west-1", NATIVE, TOKEN)
    signed = S3PartSigner(FixedSts(), "role", "uploads", lambda: AT).sign(
        upload, [3, 2, 1], expires_s=900, checksums=values
    )
    assert [part.number for part in signed] == [3, 2, 1]
    for part in signed:
        value = values.get(part.number)
        checksum = (algorithm, value) if value else None
        request = Request("uploads", upload.key, upload.multipart_id, part.number, part.length, 900, checksum)
        assert_same(part.url, of_boto3(client, request, AT))
        assert part.headers == ({f"x-amz-checksum-{algorithm}": value} if value else {})
