"""What applications and players read: assets and their jobs, playback sessions, playlists."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.bootstrap.deployable import Core, records
from sluice.service.ports import Clock

if TYPE_CHECKING:
    from sluice.service.denials import DenialRows
    from sluice.service.jobs import JobPorts
    from sluice.service.playback import PlaybackPorts
    from sluice.service.playback_ports import PlaybackTokens
    from sluice.service.timeline_ports import Timeline


@dataclass(frozen=True, kw_only=True)
class ApiAssets(Core):
    cursor_key: Callable[[], bytes]
    timeline: "Timeline"
    jobs: Callable[[], "JobPorts"]  # made when first asked for: reading needs neither S3 nor Step Functions


def api_assets(settings: config.ApiAssetsSettings) -> ApiAssets:
    from sluice.adapters.records import dynamodb_client
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.timeline_rows import DynamoTimeline

    secrets = SecretsManager(secrets_client())
    return ApiAssets(
        environment=settings.environment,
        records=records(settings),
        timeline=DynamoTimeline(dynamodb_client(), settings.table_name),
        cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode(),
        jobs=cache(lambda: _job_ports(settings)),
    )


def _job_ports(settings: config.ApiAssetsSettings) -> "JobPorts":
    from sluice.adapters.upload_objects import S3UploadObjects, s3_client
    from sluice.bootstrap.starting import admission
    from sluice.service.jobs import JobPorts

    return JobPorts(
        environment=settings.environment,
        records=records(settings),
        objects=S3UploadObjects(s3_client(), settings.uploads_bucket),
        executions=admission(settings),
        new_id=new_id,
        now=now,
    )


@dataclass(frozen=True, kw_only=True)
class ApiPlayback(Core):
    tokens: "PlaybackTokens"
    media_base_url: str


def api_playback(settings: config.ApiPlaybackSettings) -> ApiPlayback:
    from sluice.adapters.parameters import read_parameter, ssm_client
    from sluice.adapters.playback_tokens import JwtPlaybackTokens
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.signing_secret import private_key

    secrets = SecretsManager(secrets_client())
    return ApiPlayback(
        environment=settings.environment,
        records=records(settings),
        tokens=JwtPlaybackTokens(private_key(secrets.read(settings.token_secret_arn))),
        media_base_url=read_parameter(ssm_client(), settings.media_base_url_parameter),
    )


@dataclass(frozen=True, kw_only=True)
class Playback:
    now: Clock
    ports: "PlaybackPorts"


def playback(settings: config.PlaybackSettings) -> Playback:
    from sluice.adapters.parameters import read_parameter, ssm_client
    from sluice.adapters.playback_tokens import JwtPlaybackTokens
    from sluice.adapters.playlist_files import S3PlaylistFiles, s3_client
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.adapters.signing_secret import private_key
    from sluice.adapters.url_signatures import CloudFrontUrlSigner
    from sluice.service.denials import DenialLog
    from sluice.service.playback import PlaybackPorts

    secrets = SecretsManager(secrets_client())
    ports = PlaybackPorts(
        records=records(settings),
        files=S3PlaylistFiles(s3_client(), settings.media_bucket),
        tokens=JwtPlaybackTokens(private_key(secrets.read(settings.token_secret_arn))),
        urls=CloudFrontUrlSigner(private_key(secrets.read(settings.url_signing_secret_arn)), settings.key_pair_id),
        media_base_url=read_parameter(ssm_client(), settings.media_base_url_parameter),
        denials=DenialLog(cache(lambda: _denial_rows(settings))),
    )
    return Playback(now=now, ports=ports)


def _denial_rows(settings: config.PlaybackSettings) -> "DenialRows":
    from sluice.adapters.denial_rows import DynamoDenials, impatient_client

    return DynamoDenials(impatient_client(), settings.table_name)
