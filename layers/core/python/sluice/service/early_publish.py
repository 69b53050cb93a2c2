"""Publish what players can take as it is, at once: the source's own picture and sound, copied, as an early version.

The job row is not touched: an attempt publishes only if nobody wrote it meanwhile. The pointer only moves forward: an
early version becomes active on an asset that has none, and the full version of the same job replaces it.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.errors import ErrorClass, JobNotFound, ProviderFailure, SluiceError
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakeRules
from sluice.domain.models import Asset, AssetVersion, Job
from sluice.domain.states import JOB_EDGES, AssetState
from sluice.domain.tools import Binaries
from sluice.media.source import SourceProbe
from sluice.service.attempts import AttemptPorts, asset_of
from sluice.service.early import CopiedTop, EarlyRendered, Refused, package_early
from sluice.service.encoding_profiles import settings_of
from sluice.service.failures import at_work
from sluice.service.ports import Create, Replace
from sluice.service.publishing import outputs, upload_outputs
from sluice.service.rendering import probe_source
from sluice.service.retries import retry_on_conflict
from sluice.service.source_rules import check_length, check_source, rules_of_upload
from sluice.service.storage_ports import MediaObjects, Storage
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    PUBLISHED = "published"
    OVER = "over"  # the job has ended, or the asset waits for a newer one
    HAS_VERSION = "has_version"  # the asset can be watched already
    SWITCHED_OFF = "switched_off"  # by the job's encoding profile
    TOO_LARGE = "too_large"
    REFUSED = "refused"  # no source that players can take as it is


# Of a source, an empty directory, what was found in the source.
EarlyRender = Callable[[Path, Path, SourceProbe, EncodingSettings], EarlyRendered | Refused]


@dataclass(frozen=True, kw_only=True)
class EarlyDeps(AttemptPorts):
    storage: Callable[[Job, str], Storage]  # what one job and one version id need, and no more
    scratch: Callable[[], AbstractContextManager[Path]]  # an empty directory, removed after
    tools: Tools
    binaries: Binaries
    render: EarlyRender
    max_source_bytes: int


def publish_early(*, tenant_id: str, job_id: str, deps: EarlyDeps) -> Outcome:
    """Safe to repeat. Raises JobNotFound, ProviderFailure, ToolNotStarted."""
    job = deps.records.job(tenant_id, job_id)
    if job is None:
        raise JobNotFound
    needless = _needless(job, asset_of(job, deps)) or _out_of_reach(job, deps)
    if needless:
        return needless
    version_id = deps.ids(Prefix.VERSION)
    storage = deps.storage(job, version_id)
    with deps.scratch() as work:
        try:
            rendered = _render(job, work, storage, deps)
        except SluiceError as error:
            if error.error_class is ErrorClass.PROVIDER:
                raise
            logger.info("early_refused", extra={"job_id": job.id, "code": error.code})
            return Outcome.REFUSED  # the job's task comes to the same verdict, and tells it
        if rendered is None:
            return Outcome.REFUSED
        return publish_rendered(job, version_id, rendered, media=storage.media, ports=deps)


def _needless(job: Job, asset: Asset) -> Outcome | None:
    if not JOB_EDGES[job.state] or not at_work(asset, job):
        return Outcome.OVER
    return Outcome.HAS_VERSION if asset.active_version else None


def _out_of_reach(job: Job, deps: EarlyDeps) -> Outcome | None:
    if settings_of(job, deps.records).passthrough == "never":
        return Outcome.SWITCHED_OFF
    return Outcome.TOO_LARGE if job.source_bytes > deps.max_source_bytes else None


def _render(job: Job, work: Path, storage: Storage, deps: EarlyDeps) -> EarlyRendered | None:
    source = work / "source"  # without an ending: ffprobe would take a text file's `.mp4` for a hint
    storage.sources.download(job.source_key, source)
    if source.stat().st_size != job.source_bytes:
        raise ProviderFailure("The source could not be read completely.")
    (out := work / "out").mkdir()
    found = probe_source(source, out, tools=deps.tools, binaries=deps.binaries)
    rules = rules_of_upload(asset_of(job, deps), deps.records)
    check_source(rules, found)
    rendered = deps.render(source, out, found, settings_of(job, deps.records))
    if isinstance(rendered, Refused):
        logger.info("early_refused", extra={"job_id": job.id, "reason": rendered.reason})
        return None
    check_length(rules, rendered.duration_s)  # a file's header may not say, or lie
    return rendered


def publish_copy(
    copied: CopiedTop,
    *,
    job: Job,
    rules: IntakeRules,
    media: MediaObjects,
    tools: Tools,
    binaries: Binaries,
    ports: AttemptPorts,
) -> None:
    """By the job's own task, where the fast lane has not: it is off, the source is too large, or it failed.

    Raises UploadTooLong. What fails on our side is no reason to end the attempt.
    """
    if _needless(job, asset_of(job, ports)):
        return
    try:
        rendered = package_early(copied, tools=tools, binaries=binaries)
        check_length(rules, rendered.duration_s)
        outcome = publish_rendered(job, ports.ids(Prefix.VERSION), rendered, media=media, ports=ports)
        logger.info("early_ended", extra={"outcome": outcome})
    except ProviderFailure:
        logger.warning("early_failed", exc_info=True)


def publish_rendered(
    job: Job, version_id: str, rendered: EarlyRendered, *, media: MediaObjects, ports: AttemptPorts
) -> Outcome:
    """Store an early version, and make it what players get if they have nothing yet."""
    version = AssetVersion(
        id=version_id,
        tenant_id=job.tenant_id,
        asset_id=job.asset_id,
        job_id=job.id,
        attempt=job.attempt,
        duration_s=rendered.duration_s,
        frames=rendered.frames,
        renditions=rendered.renditions,
        has_poster=False,
        early=True,
        created_at=ports.now(),
    )
    metadata = {"correlation-id": job.correlation_id, "job-id": job.id, "attempt": str(job.attempt)}
    wanted = list(outputs(rendered.directory, version))
    upload_outputs(wanted, media=media, metadata=metadata, on_share=lambda _share: None)
    return _activate(version=version, ports=ports)


@retry_on_conflict
def _activate(*, version: AssetVersion, ports: AttemptPorts) -> Outcome:
    """Whoever ends the job, or publishes its full version, writes the asset: of both, the first wins."""
    job = ports.records.job(version.tenant_id, version.job_id)
    asset = ports.records.asset(version.tenant_id, version.asset_id)
    if job is None or asset is None:
        return Outcome.OVER
    if needless := _needless(job, asset):
        return needless
    origin = Origin(environment=ports.environment, now=ports.now(), event_id=ports.ids(Prefix.EVENT))
    after, event = advance(
        asset,
        EventType.ASSET_PLAYABLE,
        origin,
        to=AssetState.PROCESSING,  # a job is at work on it, whether or not its task has started
        active_version=version.id,
        playable=True,
        duration_s=version.duration_s,
    )
    ports.records.commit(Create(version), Replace(after), Create(event))
    return Outcome.PUBLISHED
