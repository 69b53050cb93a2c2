"""Chosen posters: the API, and the function that makes their pictures beside the credentials of its role."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.bootstrap.deployable import records

if TYPE_CHECKING:
    from sluice.service.thumbnail_making import MakingDeps
    from sluice.service.thumbnails import ThumbnailPorts


@dataclass(frozen=True)
class ApiThumbnails:
    ports: "ThumbnailPorts"
    cursor_key: Callable[[], bytes]


def api_thumbnails(settings: config.ApiThumbnailsSettings) -> ApiThumbnails:
    import boto3

    from sluice.adapters.function_calls import LambdaThumbnailMaker, lambda_client
    from sluice.adapters.picture_signer import S3PictureSigner
    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.service.thumbnails import ThumbnailPorts

    secrets = SecretsManager(secrets_client())
    ports = ThumbnailPorts(
        environment=settings.environment,
        records=records(settings),
        maker=LambdaThumbnailMaker(lambda_client(), settings.make_thumbnail_function),
        signer=S3PictureSigner(boto3.client("sts"), settings.presign_role_arn, settings.uploads_bucket, now),
        new_id=new_id,
        now=now,
    )
    return ApiThumbnails(ports, cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode())


def make_thumbnail(settings: config.MakeThumbnailSettings) -> "MakingDeps":
    """Raises ToolNotStarted where the settings demand a sandbox that this system does not have."""
    import tempfile
    from pathlib import Path

    import boto3

    from sluice.adapters.process import binaries_on_path
    from sluice.adapters.scoped_storage import ScopedThumbnailStorage
    from sluice.adapters.scratch import ScratchFolders
    from sluice.bootstrap.sandbox import guarded_tools
    from sluice.service.thumbnail_making import MakingDeps

    return MakingDeps(
        environment=settings.environment,
        records=records(settings),
        storage=ScopedThumbnailStorage(
            boto3.client("sts"),
            settings.storage_role_arn,
            uploads_bucket=settings.uploads_bucket,
            media_bucket=settings.media_bucket,
        ),
        scratch=ScratchFolders(Path(tempfile.gettempdir()) / "thumbnails"),
        tools=guarded_tools(demands_sandbox=settings.demands_sandbox),
        binaries=binaries_on_path(),
        ids=new_id,
        now=now,
    )
