"""The last task of a job in parts: join each rendition, package all of them once, publish."""

from pathlib import Path

from sluice.domain.chunks import ASSEMBLE_UNIT, AUDIO_PART, ChunkPart, ChunkPlan, part_unit
from sluice.domain.errors import ProviderFailure
from sluice.domain.models import Job
from sluice.media.chunks import ChunkedPlan
from sluice.media.ffmpeg import intermediate
from sluice.service.attempts import Ending, asset_of, failures_told, forget_old_word, publish, save_result
from sluice.service.chunk_parts import going
from sluice.service.joining import Part, join
from sluice.service.progress import ProgressWriter
from sluice.service.rendering import Rendered, finish
from sluice.service.source_rules import check_length, rules_of_upload
from sluice.service.transcode import TranscoderDeps, scratch, upload, version_of


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
    chunked = ChunkedPlan.model_validate_json(plan.work)
    parts = {part.name: part for part in deps.records.chunk_parts(plan.tenant_id, plan.job_id, plan.id)}
    if missing := set(plan.parts) - parts.keys():
        raise ProviderFailure(f"{len(missing)} parts of the video are missing.")
    heard = parts[AUDIO_PART].renditions if plan.sound else ()
    audio = tuple(made for made in chunked.plan.audio if made.name in heard)
    whole = chunked.plan.model_copy(update={"audio": audio})
    (out := work / "out").mkdir()
    for done, rendition in enumerate(whole.names):
        progress.report("join", done / len(whole.names), None)
        _fetch_and_join(plan, chunked, parts, rendition, work, deps)
    progress.report("package", 0.0, None)
    rendered = finish(out, whole, sum(part.frames for part in parts.values()), tools=deps.tools, binaries=deps.binaries)
    check_length(rules_of_upload(asset_of(job, deps), deps.records), rendered.duration_s)
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
    target = work / "out" / intermediate(rendition)
    if rendition in (parts[AUDIO_PART].renditions if plan.sound else ()):
        deps.work.get(plan.result_key(AUDIO_PART, parts[AUDIO_PART].run_id, rendition), target)
        return
    fetched = []
    for number, window in enumerate(chunked.windows):
        name = str(number)
        file = work / f"{number:04d}.mp4"
        deps.work.get(plan.result_key(name, parts[name].run_id, rendition), file)
        fetched.append(Part(file, window.start_s))
    join(fetched, target)
    for part in fetched:
        part.path.unlink()
