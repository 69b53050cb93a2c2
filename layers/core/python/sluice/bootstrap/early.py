"""The fast lane: a function that parses hostile files beside the credentials of its role."""

from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.adapters.ids import new_id
from sluice.bootstrap.deployable import records

if TYPE_CHECKING:
    from sluice.service.early_publish import EarlyDeps


def publish_early(settings: config.PublishEarlySettings) -> "EarlyDeps":
    """Raises ToolNotStarted where the settings demand a sandbox that this system does not have."""
    import tempfile
    from functools import partial
    from pathlib import Path

    import boto3

    from sluice.adapters.process import binaries_on_path
    from sluice.adapters.scoped_storage import ScopedStorage
    from sluice.adapters.scratch import ScratchFolders
    from sluice.bootstrap.sandbox import guarded_tools
    from sluice.service.early import render_early
    from sluice.service.early_publish import EarlyDeps

    tools = guarded_tools(demands_sandbox=settings.demands_sandbox)
    binaries = binaries_on_path()
    return EarlyDeps(
        records=records(settings),
        storage=ScopedStorage(
            boto3.client("sts"),
            settings.storage_role_arn,
            uploads_bucket=settings.uploads_bucket,
            media_bucket=settings.media_bucket,
        ),
        scratch=ScratchFolders(Path(tempfile.gettempdir()) / "early"),
        tools=tools,
        binaries=binaries,
        render=partial(render_early, tools=tools, binaries=binaries),
        max_source_bytes=settings.max_source_bytes,
        now=now,
        ids=new_id,
        environment=settings.environment,
    )
