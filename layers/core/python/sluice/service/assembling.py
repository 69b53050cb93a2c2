"""The last task of a job in parts: join each rendition, package all of them once, publish."""

import logging
import shutil
from pathlib import Path

from sluice.domain.chunks import ASSEMBLE_UNIT, AUDIO_PART, ChunkPart, ChunkPlan, part_unit
from sluice.domain.errors import ProviderFailure
from sluice.domain.models import Job
from sluice.media.chunks import SHIFT_S, ChunkedPlan
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import Plan
from sluice.service.attempts import Ending, asset_of, failures_told, forget_old_word, publish, save_result
from sluice.service.chunk_parts import going
from sluice.service.fragment_files import NotJoinable
from sluice.service.joining import Part, join
from sluice.service.progress import ProgressWriter
from sluice.service.rendering import Rendered, finish
from sluice.service.smart_top import boundaries_agree
from sluice.service.source_rules import check_length, rules_of_upload
from sluice.service.transcode import TranscoderDeps, render_job, scratch, upload, version_of

logger = logging.getLogger(__name__)


def assemble(*, tenant_id: str, job_id: str, plan_id: str, attempt: int, deps: TranscoderDeps) -> Ending:
    """Raises what ended the attempt, after writing it into its result row."""
    unit = part_unit(plan_id, ASSEMBLE_UNIT)
    with failures_told(tenant_id=tenant_id, job_id=job_id, attempt=attempt, ports=deps, unit=unit):
        found = going(tenant_id, job_id, plan_id, deps)
        if found is None:
            return Ending.NOTHING_TO_DO
        forget_old_word(deps, tenant_id, job_id, attempt, unit)
        job = found.job
        with scratch(deps.scratch) as work:
            progress = ProgressWriter(job, records=deps.records, now=deps.now)
            rendered = _render(job, found.plan, work, progress, deps)
            version = version_of(job, rendered, deps)
            upload(job, version, rendered, progress, deps)
        publish(job=job, version=version, ports=deps)
        save_result(deps, tenant_id, job_id, attempt, "succeeded", version_id=version.id, unit=unit)
    return Ending.PUBLISHED


def _render(job: Job, plan: ChunkPlan, work: Path, progress: ProgressWriter, deps: TranscoderDeps) -> Rendered:
    (joining := work / "parts").mkdir()
    rendered = _render_parts(plan, joining, progress, deps)
    if rendered is None:
        shutil.rmtree(joining)
        return render_job(job, work, progress, deps, everything=True)
    check_length(rules_of_upload(asset_of(job, deps), deps.records), rendered.duration_s)
    return rendered


def _render_parts(plan: ChunkPlan, work: Path, progress: ProgressWriter, deps: TranscoderDeps) -> Rendered | None:
    """None if what was encoded did not follow the copied rendition."""
    chunked = ChunkedPlan.model_validate_json(plan.work)
    parts = {part.name: part for part in deps.records.chunk_parts(plan.tenant_id, plan.job_id, plan.id)}
    if unfit := [name for name, part in parts.items() if not part.fits]:
        logger.warning("encoded_whole", extra={"chunks": unfit})
        return None
    if missing := set(plan.parts) - parts.keys():
        raise ProviderFailure(f"{len(missing)} parts of the video are missing.")
    heard = parts[AUDIO_PART].renditions if plan.sound else ()
    audio = tuple(made for made in chunked.plan.audio if made.name in heard)
    whole = chunked.plan.model_copy(update={"audio": audio})
    try:
        for done, rendition in enumerate(whole.names):
            progress.report("join", done / len(whole.names), None)
            _fetch_and_join(plan, chunked, parts, rendition, work, deps)
    except NotJoinable:
        if chunked.copied is None:
            raise
        logger.warning("encoded_whole", exc_info=True)
        return None
    progress.report("package", 0.0, None)
    return _finish(whole, chunked, parts, work, deps)


def _finish(
    whole: Plan, chunked: ChunkedPlan, parts: dict[str, ChunkPart], work: Path, deps: TranscoderDeps
) -> Rendered | None:
    copied = chunked.copied
    rendered = finish(
        work,
        whole,
        sum(copied.frames if copied else (part.frames for part in parts.values())),
        tools=deps.tools,
        binaries=deps.binaries,
        length_s=copied.length_s if copied else None,
    )
    if copied and not boundaries_agree(whole, rendered.directory):
        logger.warning("encoded_whole", extra={"boundaries": "differ"})
        return None
    return rendered


def _fetch_and_join(
    plan: ChunkPlan,
    chunked: ChunkedPlan,
    parts: dict[str, ChunkPart],
    rendition: str,
    work: Path,
    deps: TranscoderDeps,
) -> None:
    """One rendition at a time, so that the disk holds no rendition twice but this one."""
    target = work / intermediate(rendition)
    if rendition in (parts[AUDIO_PART].renditions if plan.sound else ()):
        deps.work.get(plan.result_key(AUDIO_PART, parts[AUDIO_PART].run_id, rendition), target)
        return
    fetched = []
    for number, window in enumerate(chunked.windows):
        key, start_s = _chunk(plan, chunked, parts, rendition, number)
        file = work / f"{number:04d}.mp4"
        deps.work.get(key, file)
        fetched.append(Part(file, window.start_s - start_s))
    join(fetched, target)
    for part in fetched:
        part.path.unlink()


def _chunk(
    plan: ChunkPlan, chunked: ChunkedPlan, parts: dict[str, ChunkPart], rendition: str, number: int
) -> tuple[str, int]:
    """Key, and the seconds at which its own times begin."""
    if chunked.copied and rendition == chunked.plan.video[0].name:
        return plan.piece_key(number, copied=True), SHIFT_S
    return plan.result_key(str(number), parts[str(number)].run_id, rendition), 0
