"""One attempt at a transcode job as one task does it: fetch the source, render it, store the result, publish it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.errors import ProviderFailure
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakeRules
from sluice.domain.models import AssetVersion, Job
from sluice.media.source import SourceProbe
from sluice.service.attempts import (
    Ending,
    asset_of,
    begin_attempt,
    failures_told,
    publish,
    save_result,
)
from sluice.service.chunk_plan import HandedOver, hand_over
from sluice.service.chunk_ports import ChunkPorts
from sluice.service.copied_plan import hand_over_copied
from sluice.service.early_publish import publish_copy
from sluice.service.encoding_profiles import settings_of
from sluice.service.loudness import Gains
from sluice.service.per_title import refine_plan, sample_quality
from sluice.service.progress import ProgressWriter
from sluice.service.publishing import outputs, upload_outputs
from sluice.service.rendering import Rendered, render_source
from sluice.service.smart_top import render_smart_top, reuse_early
from sluice.service.source_rules import check_length, check_source, rules_of_upload
from sluice.service.storage_ports import MediaObjects, SourceObjects


@dataclass(frozen=True, kw_only=True)
class TranscoderDeps(ChunkPorts):
    sources: SourceObjects
    media: MediaObjects


def transcode(*, tenant_id: str, job_id: str, attempt: int, capacity: str, deps: TranscoderDeps) -> Ending:
    """Raises what ended the attempt, after writing it into the result row."""
    with failures_told(tenant_id=tenant_id, job_id=job_id, attempt=attempt, ports=deps):
        job = begin_attempt(tenant_id=tenant_id, job_id=job_id, attempt=attempt, capacity=capacity, ports=deps)
        if job is None:
            return Ending.NOTHING_TO_DO
        with scratch(deps.scratch) as work:
            progress = ProgressWriter(job, records=deps.records, now=deps.now)
            try:
                rendered = render_job(job, work, progress, deps)
            except HandedOver as handed:
                save_result(deps, tenant_id, job_id, attempt, "chunked", plan_id=handed.plan_id)
                return Ending.CHUNKED
            version = version_of(job, rendered, deps)
            upload(job, version, rendered, progress, deps)
        publish(job=job, version=version, ports=deps)
        save_result(deps, tenant_id, job_id, attempt, "succeeded", version_id=version.id)
    return Ending.PUBLISHED


def render_job(
    job: Job, work: Path, progress: ProgressWriter, deps: TranscoderDeps, *, everything: bool = False
) -> Rendered:
    """`everything`: this task encodes the whole ladder. Otherwise raises HandedOver if other tasks go on."""
    rules = rules_of_upload(asset_of(job, deps), deps.records)
    progress.report("download", 0.0, None)
    source = download(job, work, deps.sources)
    (work / "out").mkdir()
    settings = settings_of(job, deps.records)
    sample = partial(
        sample_quality,
        source,
        work,
        tools=deps.tools,
        binaries=deps.binaries,
        processors=deps.processors,
        on_stage=progress.report,
    )
    rendering = partial(
        render_source,
        source,
        work / "out",
        settings=settings,
        tools=deps.tools,
        binaries=deps.binaries,
        processors=deps.processors,
        check=partial(check_source, rules),
        refine=partial(refine_plan, job=job, settings=settings, sample=sample, records=deps.records, now=deps.now),
        on_stage=progress.report,
    )
    if everything:
        rendered = rendering()
    else:
        rendered = rendering(
            shortcut=partial(_smart_top, job, source, work / "out", settings, rules, progress, deps),
            on_plan=lambda plan: hand_over(job, source, work, plan, progress=progress, ports=deps),
        )
    check_length(rules, rendered.duration_s)  # a file's header may not say, or lie
    return rendered


def _smart_top(
    job: Job,
    source: Path,
    work: Path,
    settings: EncodingSettings,
    rules: IntakeRules,
    progress: ProgressWriter,
    deps: TranscoderDeps,
    found: SourceProbe,
    gains: Gains,
) -> Rendered | None:
    return render_smart_top(
        found,
        source,
        work,
        settings=settings,
        tools=deps.tools,
        binaries=deps.binaries,
        processors=deps.processors,
        on_stage=progress.report,
        gains=gains,
        on_copied=partial(
            publish_copy,
            job=job,
            rules=rules,
            media=deps.media,
            tools=deps.tools,
            binaries=deps.binaries,
            ports=deps,
        ),
        in_parts=partial(hand_over_copied, job=job, progress=progress, ports=deps),
    )


def download(job: Job, work: Path, sources: SourceObjects) -> Path:
    """A name without an ending: ffprobe would take a text file's `.mp4` for a hint."""
    source = work / "source"
    sources.download(job.source_key, source)
    if source.stat().st_size != job.source_bytes:
        raise ProviderFailure("The source could not be read completely.")
    return source


def version_of(job: Job, rendered: Rendered, deps: TranscoderDeps) -> AssetVersion:
    early = _early_version(job, deps)
    return AssetVersion(
        id=deps.ids(Prefix.VERSION),
        tenant_id=job.tenant_id,
        asset_id=job.asset_id,
        job_id=job.id,
        attempt=job.attempt,
        duration_s=rendered.duration_s,
        frames=rendered.frames,
        renditions=reuse_early(rendered, early) if early else rendered.renditions,
        has_poster=rendered.pictures.has_poster,
        storyboard=rendered.pictures.storyboard,
        has_preview=rendered.pictures.has_preview,
        created_at=deps.now(),
    )


def _early_version(job: Job, deps: TranscoderDeps) -> AssetVersion | None:
    """What this very job has published before its end."""
    active = asset_of(job, deps).active_version
    version = deps.records.asset_version(job.tenant_id, job.asset_id, active) if active else None
    return version if version and version.early and version.job_id == job.id else None


def upload(job: Job, version: AssetVersion, rendered: Rendered, progress: ProgressWriter, deps: TranscoderDeps) -> None:
    progress.report("upload", 0.0, None)  # before the first byte: a cancelled job leaves no media
    upload_outputs(
        list(outputs(rendered.directory, version)),
        media=deps.media,
        metadata={"correlation-id": job.correlation_id, "job-id": job.id, "attempt": str(job.attempt)},
        on_share=lambda share: progress.report("upload", share, None),
    )


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="transcode-", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
