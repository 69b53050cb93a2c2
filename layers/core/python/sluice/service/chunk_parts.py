"""One part of a long job: a chunk of its picture or all of its sound, encoded once whoever else tries.

The row of a finished part is the checkpoint: what is finished is not done again, whatever happens to its task.
"""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sluice.domain.chunks import AUDIO_PART, LEFT_UNIT, ChunkPart, ChunkPlan, part_unit
from sluice.domain.errors import JobNotFound, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.models import Job
from sluice.domain.states import JobState
from sluice.media.chunks import ChunkedPlan
from sluice.media.copying import frames_below
from sluice.media.ffmpeg import intermediate
from sluice.media.verdicts import Corrupt
from sluice.service.attempts import AttemptPorts, Ending, failures_told, forget_old_word, save_result
from sluice.service.part_rounds import unfinished
from sluice.service.ports import Create
from sluice.service.progress import PartProgress, check_job
from sluice.service.rendering import encode, has_media
from sluice.service.transcode import TranscoderDeps, download, scratch

logger = logging.getLogger(__name__)
PIECE = "piece"


class Going(NamedTuple):
    """A plan that is still worth work, and the job as it must stay for that."""

    job: Job
    plan: ChunkPlan


def going(tenant_id: str, job_id: str, plan_id: str, ports: AttemptPorts) -> Going | None:
    """None once the job has ended or another attempt has planned anew."""
    job, plan = ports.records.job(tenant_id, job_id), ports.records.chunk_plan(tenant_id, job_id, plan_id)
    if job is None or plan is None:
        raise JobNotFound
    return Going(job, plan) if job.state is JobState.RUNNING and job.attempt == plan.attempt else None


def encode_part(*, tenant_id: str, job_id: str, plan_id: str, part: str, attempt: int, deps: TranscoderDeps) -> Ending:
    """Raises what ended the attempt, after writing it into the part's result row."""
    return _run(tenant_id, job_id, plan_id, attempt, part, lambda left: [part] if part in left else [], deps)


def encode_left(*, tenant_id: str, job_id: str, plan_id: str, attempt: int, deps: TranscoderDeps) -> Ending:
    """All unfinished parts, one after the other."""
    return _run(tenant_id, job_id, plan_id, attempt, LEFT_UNIT, lambda left: left, deps)


def _run(
    tenant_id: str,
    job_id: str,
    plan_id: str,
    attempt: int,
    word: str,
    choose: Callable[[list[str]], list[str]],
    deps: TranscoderDeps,
) -> Ending:
    unit = part_unit(plan_id, word)
    with failures_told(tenant_id=tenant_id, job_id=job_id, attempt=attempt, ports=deps, unit=unit):
        found = going(tenant_id, job_id, plan_id, deps)
        if found is None:
            return Ending.NOTHING_TO_DO
        forget_old_word(deps, tenant_id, job_id, attempt, unit)
        for name in choose(unfinished(found.plan, deps.records)):
            _encode(found, name, deps)
        save_result(deps, tenant_id, job_id, attempt, "succeeded", unit=unit)
    return Ending.FINISHED


def _encode(found: Going, name: str, deps: TranscoderDeps) -> None:
    progress = PartProgress(found.job, records=deps.records, now=deps.now)
    chunked = ChunkedPlan.model_validate_json(found.plan.work)
    with scratch(deps.scratch) as work:
        if name == AUDIO_PART:
            frames, renditions = _encode_sound(found, chunked, work, progress, deps)
        else:
            frames, renditions = _encode_chunk(found, chunked, int(name), work, progress, deps)
        check_job(found.job, deps.records)  # a cancelled job leaves nothing behind
        run_id = deps.ids(Prefix.CHUNK_RUN)
        for rendition in renditions:
            deps.work.put(found.plan.result_key(name, run_id, rendition), work / intermediate(rendition))
        files = [intermediate(rendition) for rendition in renditions]
        if chunked.copied and name != AUDIO_PART:
            files.append(PIECE)  # it is a result as well
        size_bytes = sum((work / file).stat().st_size for file in files)
    _finish(found.plan, name, run_id, frames, renditions, size_bytes, deps)
    left = unfinished(found.plan, deps.records)
    of = len(found.plan.parts)
    progress.finished(of - len(left), of)


def _encode_chunk(
    found: Going, chunked: ChunkedPlan, number: int, work: Path, progress: PartProgress, deps: TranscoderDeps
) -> tuple[int, tuple[str, ...]]:
    """No renditions if they would not follow the copied one, as with pictures that only a decoder finds damaged."""
    piece, plan = work / PIECE, chunked.encoded
    deps.work.get(found.plan.piece_key(number, copied=chunked.copied is not None), piece)
    try:
        frames = encode(
            piece,
            work,
            plan,
            tools=deps.tools,
            binaries=deps.binaries,
            processors=deps.processors,
            on_stage=progress.watch,
            window=chunked.windows[number],
        )
    except Corrupt:
        if chunked.copied is None:
            raise
        frames = 0
    if chunked.copied and frames != (expected := frames_below(plan, chunked.copied.frames[number])):
        logger.warning("copy_not_followed", extra={"chunk": number, "frames": frames, "expected": expected})
        return frames, ()
    return frames, tuple(plan.names)


def _encode_sound(
    found: Going, chunked: ChunkedPlan, work: Path, progress: PartProgress, deps: TranscoderDeps
) -> tuple[int, tuple[str, ...]]:
    """From the whole source, in one run: encoded in pieces, sound grows by some samples with each."""
    source = download(found.job, work, deps.sources)
    plan = chunked.plan.model_copy(update={"video": ()})
    encode_sound = partial(
        encode,
        source,
        work,
        tools=deps.tools,
        binaries=deps.binaries,
        processors=deps.processors,
        on_stage=progress.watch,
    )
    try:
        encode_sound(plan)
    except Corrupt:  # sound tracks without sound, as recorders with a muted microphone make them
        heard = tuple(made for made in plan.audio if has_media(work / intermediate(made.name)))
        if heard == plan.audio:
            raise
        plan = plan.model_copy(update={"audio": heard})
        if heard:
            encode_sound(plan)
    return 0, tuple(plan.names)


def _finish(
    plan: ChunkPlan,
    name: str,
    run_id: str,
    frames: int,
    renditions: tuple[str, ...],
    size_bytes: int,
    deps: TranscoderDeps,
) -> None:
    part = ChunkPart(
        tenant_id=plan.tenant_id,
        job_id=plan.job_id,
        plan_id=plan.id,
        name=name,
        run_id=run_id,
        frames=frames,
        renditions=renditions,
        size_bytes=size_bytes,
        created_at=deps.now(),
    )
    try:
        deps.records.commit(Create(part))
    except WriteConflict:
        return  # another run was first: its files count
