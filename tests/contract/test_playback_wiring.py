"""From settings to a signed segment: both playback functions as they are wired, over moto's AWS."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws

from functions.api_playback import handler as api_playback
from functions.playback import handler as playback
from sluice import table
from sluice.adapters import denial_rows, parameters, playlist_files, records, secrets
from sluice.adapters.signing_key_secret import SecretsManagerSigningKeys
from sluice.adapters.signing_secret import private_key
from sluice.adapters.timeline_rows import DynamoTimeline
from sluice.config import ApiPlaybackSettings, PlaybackSettings
from sluice.service.ports import Create
from tests.fakes.edge import opens
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.published import ASSET, KEY_PAIR, MEDIA, PLAYBACK, TENANT, Published

CLIENTS = (
    records.dynamodb_client,
    denial_rows.impatient_client,
    playlist_files.s3_client,
    secrets.secrets_client,
    parameters.ssm_client,
)


@pytest.fixture
def account() -> Iterator[None]:
    """Clients are made once per process, so those made outside moto must go first, and moto's afterwards."""
    cached = (*CLIENTS, api_playback.deps, playback.deps)
    for made in cached:
        made.cache_clear()
    with mock_aws():
        yield
    for made in cached:
        made.cache_clear()


@pytest.fixture
def url_secret(account: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """Deploys what both functions read; the value is the secret that signs URLs."""
    manager = boto3.client("secretsmanager")
    arns = [str(manager.create_secret(Name=name)["ARN"]) for name in ("tokens", "slot-a")]
    for arn in arns:
        SecretsManagerSigningKeys(manager).generate(arn, 1)
    parameter = "/sluice/dev/media-base-url"
    boto3.client("ssm").put_parameter(Name=parameter, Value=MEDIA, Type="String")
    store(Published())
    shared = {
        "environment": "dev",
        "table_name": "sluice",
        "media_base_url_parameter": parameter,
        "media_base_url_digest": "1",
    }
    settings = ApiPlaybackSettings.to_env(token_secret_arn=arns[0], **shared) | PlaybackSettings.to_env(
        media_bucket="media",
        token_secret_arn=arns[0],
        url_signing_secret_arn=arns[1],
        key_pair_id=KEY_PAIR,
        **shared,
    )
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return str(manager.get_secret_value(SecretId=arns[1])["SecretString"])


def store(world: Published) -> None:
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    names = (table.PK, table.SK)
    dynamodb.create_table(
        TableName="sluice",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[
            {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
        ],
    )
    rows: list[Any] = list(world.records.rows.values())
    records.DynamoRecords(dynamodb, "sluice").commit(*(Create(row) for row in rows))
    s3.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    for path, text in world.files.files.items():
        s3.put_object(Bucket="media", Key=path, Body=text.encode())


def fetch(url: str, status: int = 200) -> str:
    parts = urlsplit(url)
    event = request("GET", parts.path)
    event["rawQueryString"] = parts.query
    answer = playback.lambda_handler(event, LambdaContext())
    assert answer["statusCode"] == status, answer["body"]
    return str(answer["body"])


def test_a_session_leads_to_a_segment_that_cloudfront_opens(url_secret: str) -> None:
    created = api_playback.lambda_handler(
        request(
            "POST", "/v1/playback-sessions", body={"playback_id": PLAYBACK}, scopes=["playback:sign"], tenant=TENANT
        ),
        LambdaContext(),
    )
    assert created["statusCode"] == 201, created["body"]
    master_url = json.loads(created["body"])["hls_url"]
    child = next(line for line in fetch(master_url).splitlines() if line.startswith("v720.m3u8?"))
    segment = fetch(f"{MEDIA}/v1/play/{PLAYBACK}/{child}").splitlines()[-2]
    assert segment.startswith(f"{MEDIA}/media/{TENANT}/")
    assert opens(segment, private_key(url_secret).public_key(), at=datetime.now(UTC))


def test_a_refused_viewer_is_told_to_the_assets_tenant(url_secret: str) -> None:
    fetch(f"{MEDIA}/v1/play/{PLAYBACK}/master.m3u8?token=x", 403)
    timeline = DynamoTimeline(records.dynamodb_client(), "sluice")
    [(_, denial)] = timeline.asset_denials(TENANT, ASSET, before=None, limit=2)
    assert (denial.reason, denial.count, denial.session_id) == ("unknown_signature", 1, None)


def test_a_viewer_does_not_wait_long_for_that(account: None) -> None:
    patience = denial_rows.impatient_client().meta.config
    assert (patience.connect_timeout, patience.read_timeout) == (0.5, 0.5)
    assert patience.retries["total_max_attempts"] == 1
