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

    from sluice.adapters.memory_guard import guard_memory
    from sluice.adapters.process import ToolRunner, binaries_on_path
    from sluice.adapters.scoped_storage import ScopedStorage
    from sluice.adapters.scratch import ScratchFolders
    from sluice.domain.tools import ToolNotStarted
    from sluice.service.early import render_early
    from sluice.service.early_publish import EarlyDeps

    if not guard_memory() and settings.demands_sandbox:  # before the first program starts
        raise ToolNotStarted("This process cannot be hidden from the programs that it would start.")
    tools = ToolRunner(least_sandbox="seccomp" if settings.demands_sandbox else "any")
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
