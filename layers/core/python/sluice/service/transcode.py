"""One attempt at a transcode job: fetch the source, render it, store the result, publish it.

Its last word is a JobResult row, which the state machine reads before the exit code. It never fails the asset itself:
`fail_transcode` does, once no attempt is left. Every attempt writes under a version id of its own, and publishing
demands a job row unchanged since the attempt began, so a late attempt can neither mix nor overwrite media.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from sluice.domain.errors import AssetNotFound, JobNotFound, ProviderFailure, SluiceError
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, AssetVersion, ErrorInfo, Job, JobResult
from sluice.domain.states import JOB_EDGES, AssetState, JobState, check_edge
from sluice.domain.tools import Binaries
from sluice.service.ports import Clock, Create, Ids, Records, Replace
from sluice.service.progress import ProgressWriter, Superseded
from sluice.service.publishing import MediaObjects, outputs, upload_outputs
from sluice.service.rendering import Rendered, Tools, render_source
from sluice.service.retries import retry_on_conflict
from sluice.service.source_rules import check_length, check_source, rules_of_upload

logger = logging.getLogger(__name__)


class SourceObjects(Protocol):
    """The uploads bucket, read only."""

    def download(self, key: str, path: Path) -> None:
        """Raises ProviderFailure."""
        ...


@dataclass(frozen=True, kw_only=True)
class TranscoderDeps:
    records: Records
    sources: SourceObjects
    media: MediaObjects
    tools: Tools
    binaries: Binaries
    scratch: Path
    now: Clock
    ids: Ids
    environment: str
    processors: int  # to encode with


class Ending(StrEnum):
    PUBLISHED = "published"
    NOTHING_TO_DO = "nothing_to_do"  # the job has ended, or a later attempt is at it


def transcode(*, tenant_id: str, job_id: str, attempt: int, capacity: str, deps: TranscoderDeps) -> Ending:
    """Raises what ended the attempt, after writing it into the result row."""
    version_id = None
    try:
        job = begin_attempt(tenant_id=tenant_id, job_id=job_id, attempt=attempt, capacity=capacity, deps=deps)
        if job is None:
            return Ending.NOTHING_TO_DO
        with _scratch(deps.scratch) as work:
            progress = ProgressWriter(job, records=deps.records, now=deps.now)
            rendered = _render(job, work, progress, deps)
            version = _version(job, rendered, deps)
            version_id = version.id
            _upload(job, version, rendered, progress, deps)
        publish(job=job, version=version, deps=deps)
    except Superseded:  # the row belongs to the attempt that took over, if one did: it may have the same number
        raise
    except SluiceError as error:
        _save_result(deps, tenant_id, job_id, attempt, "failed", error=ErrorInfo.of(error))
        raise
    except SystemExit:  # SIGTERM: capacity is taken back, or the execution was stopped
        _save_result(deps, tenant_id, job_id, attempt, "interrupted")
        raise
    except Exception:
        unknown = ErrorInfo.of(ProviderFailure("Processing failed on our side."))
        _save_result(deps, tenant_id, job_id, attempt, "failed", error=unknown)
        raise
    _save_result(deps, tenant_id, job_id, attempt, "succeeded", version_id=version_id)
    return Ending.PUBLISHED


@retry_on_conflict
def begin_attempt(*, tenant_id: str, job_id: str, attempt: int, capacity: str, deps: TranscoderDeps) -> Job | None:
    """The job as this attempt must find it when it publishes; None if there is nothing left to do."""
    job = deps.records.job(tenant_id, job_id)
    if job is None:
        raise JobNotFound
    if not JOB_EDGES[job.state] or job.attempt > attempt:
        return None
    asset = _asset(job, deps)
    moment = deps.now()
    running = job.model_copy(
        update={
            "state": check_edge(JOB_EDGES, job.state, JobState.RUNNING),
            "attempt": attempt,
            "capacity": capacity,
            "started_at": job.started_at or moment,
            "updated_at": moment,
            "version": job.version + 1,
        }
    )
    if job.state is JobState.RUNNING and asset.state is AssetState.PROCESSING:  # an earlier attempt announced it
        deps.records.commit(Replace(running))
    else:
        origin = Origin(environment=deps.environment, now=moment, event_id=deps.ids(Prefix.EVENT))
        after, event = advance(asset, EventType.TRANSCODE_STARTED, origin, to=AssetState.PROCESSING, error=None)
        deps.records.commit(Replace(running), Replace(after), Create(event))
    if deps.records.job_result(tenant_id, job_id, attempt) is not None:
        # An interrupted attempt keeps its number. Should this one die without a word, the old word must not count.
        unknown = ErrorInfo.of(ProviderFailure("Processing was stopped."))
        _save_result(deps, tenant_id, job_id, attempt, "failed", error=unknown)
    return running


@retry_on_conflict
def publish(*, job: Job, version: AssetVersion, deps: TranscoderDeps) -> None:
    """Swap the asset's pointer.

    Raises Superseded if the job row has changed since the attempt began, or the asset waits for a newer job.
    """
    asset = _asset(job, deps)
    if asset.job_id != job.id or deps.records.job(job.tenant_id, job.id) != job:
        raise Superseded
    moment = deps.now()
    succeeded = job.model_copy(
        update={
            "state": check_edge(JOB_EDGES, job.state, JobState.SUCCEEDED),
            "version_id": version.id,
            "error": None,
            "updated_at": moment,
            "finished_at": moment,
            "version": job.version + 1,
        }
    )
    origin = Origin(environment=deps.environment, now=moment, event_id=deps.ids(Prefix.EVENT))
    after, event = advance(
        asset,
        EventType.TRANSCODE_READY,
        origin,
        to=AssetState.READY,
        active_version=version.id,
        playable=True,
        duration_s=version.duration_s,
        error=None,
    )
    deps.records.commit(Create(version), Replace(succeeded), Replace(after), Create(event))


def _asset(job: Job, deps: TranscoderDeps) -> Asset:
    asset = deps.records.asset(job.tenant_id, job.asset_id)
    if asset is None:
        raise AssetNotFound
    return asset


def _render(job: Job, work: Path, progress: ProgressWriter, deps: TranscoderDeps) -> Rendered:
    rules = rules_of_upload(_asset(job, deps), deps.records)
    source = _download(job, work, progress, deps)
    (work / "out").mkdir()
    rendered = render_source(
        source,
        work / "out",
        tools=deps.tools,
        binaries=deps.binaries,
        processors=deps.processors,
        check=partial(check_source, rules),
        on_stage=progress.report,
    )
    check_length(rules, rendered.duration_s)  # a file's header may not say, or lie
    return rendered


def _download(job: Job, work: Path, progress: ProgressWriter, deps: TranscoderDeps) -> Path:
    """A name without an ending: ffprobe would take a text file's `.mp4` for a hint."""
    progress.report("download", 0.0, None)
    source = work / "source"
    deps.sources.download(job.source_key, source)
    if source.stat().st_size != job.source_bytes:
        raise ProviderFailure("The source could not be read completely.")
    return source


def _version(job: Job, rendered: Rendered, deps: TranscoderDeps) -> AssetVersion:
    return AssetVersion(
        id=deps.ids(Prefix.VERSION),
        tenant_id=job.tenant_id,
        asset_id=job.asset_id,
        job_id=job.id,
        attempt=job.attempt,
        duration_s=rendered.duration_s,
        frames=rendered.frames,
        renditions=rendered.renditions,
        has_poster=rendered.has_poster,
        created_at=deps.now(),
    )


def _upload(
    job: Job, version: AssetVersion, rendered: Rendered, progress: ProgressWriter, deps: TranscoderDeps
) -> None:
    progress.report("upload", 0.0, None)  # before the first byte: a cancelled job leaves no media
    upload_outputs(
        list(outputs(rendered.directory, version)),
        media=deps.media,
        metadata={"correlation-id": job.correlation_id, "job-id": job.id, "attempt": str(job.attempt)},
        on_share=lambda share: progress.report("upload", share, None),
    )


def _save_result(
    deps: TranscoderDeps,
    tenant_id: str,
    job_id: str,
    attempt: int,
    outcome: Literal["succeeded", "failed", "interrupted"],
    *,
    version_id: str | None = None,
    error: ErrorInfo | None = None,
) -> None:
    deps.records.save_result(
        JobResult(
            tenant_id=tenant_id,
            job_id=job_id,
            attempt=attempt,
            outcome=outcome,
            version_id=version_id,
            error=error,
            created_at=deps.now(),
        )
    )


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="transcode-", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
