"""The first task of a long source that is its own top rendition: it cuts the copy for those who encode the others."""

import logging

from sluice.domain.chunks import AUDIO_PART, ChunkPart, ChunkPlan
from sluice.domain.ids import Prefix
from sluice.domain.models import Job
from sluice.media.chunks import ChunkedPlan, Copied
from sluice.media.copied_chunks import Stretch, plan_stretches
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import Plan
from sluice.service.chunk_plan import HandedOver, windows_of
from sluice.service.chunk_ports import ChunkPorts
from sluice.service.copied_pieces import cut_copy
from sluice.service.cutting import NotChunkable
from sluice.service.early import CopiedTop
from sluice.service.ports import Create
from sluice.service.progress import ProgressWriter

logger = logging.getLogger(__name__)


def hand_over_copied(copied: CopiedTop, lower: Plan, *, job: Job, progress: ProgressWriter, ports: ChunkPorts) -> None:
    """Raises HandedOver if others encode `lower`; returns if this task does, for a short source.

    Raises NotChunkable if the copy of a long one cannot be cut.
    """
    if not windows_of(copied.plan, ports.chunking):
        return
    stretches = plan_stretches(copied.segments, chunk_s=ports.chunking.length_s)
    if len(stretches) < 2:
        raise NotChunkable("the copy has one chunk only")
    whole = copied.plan.model_copy(
        update={"video": (copied.plan.video[0], *lower.video), "from_copy": True, "b_frames": lower.b_frames}
    )
    plan = ChunkPlan(
        id=ports.ids(Prefix.CHUNK_PLAN),
        tenant_id=job.tenant_id,
        job_id=job.id,
        attempt=job.attempt,
        chunks=len(stretches),
        sound=bool(whole.audio),
        work=ChunkedPlan(
            plan=whole,
            windows=tuple(stretch.window for stretch in stretches),
            copied=Copied(frames=tuple(stretch.frames for stretch in stretches), length_s=copied.length_s),
        ).model_dump_json(exclude_defaults=True),
        created_at=ports.now(),
    )
    largest = _store_pieces(plan, copied, stretches, progress, ports)
    made = [_store_sound(plan, copied, ports)] if plan.sound else []
    ports.records.commit(Create(plan.model_copy(update={"piece_bytes": largest})), *map(Create, made))
    raise HandedOver(plan.id)


def _store_pieces(
    plan: ChunkPlan, copied: CopiedTop, stretches: tuple[Stretch, ...], progress: ProgressWriter, ports: ChunkPorts
) -> int:
    """Returns the bytes of the largest."""
    copy = copied.directory / intermediate(copied.plan.video[0].name)
    largest = 0
    for number, piece in enumerate(cut_copy(copy, copied.directory, stretches)):
        progress.report("cut", number / len(stretches), None)
        largest = max(largest, piece.stat().st_size)
        ports.work.put(plan.piece_key(number, copied=True), piece)
    return largest


def _store_sound(plan: ChunkPlan, copied: CopiedTop, ports: ChunkPorts) -> ChunkPart:
    """It was made together with the copy: a part that is finished from the beginning."""
    run_id = ports.ids(Prefix.CHUNK_RUN)
    names = tuple(made.name for made in copied.plan.audio)
    files = {name: copied.directory / intermediate(name) for name in names}
    for name, file in files.items():
        ports.work.put(plan.result_key(AUDIO_PART, run_id, name), file)
    return ChunkPart(
        tenant_id=plan.tenant_id,
        job_id=plan.job_id,
        plan_id=plan.id,
        name=AUDIO_PART,
        run_id=run_id,
        frames=0,
        renditions=names,
        size_bytes=sum(file.stat().st_size for file in files.values()),
        created_at=ports.now(),
    )
