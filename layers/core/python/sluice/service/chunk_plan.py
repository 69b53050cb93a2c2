"""The first task of a long source: it cuts the source for the others, and says so instead of encoding it."""

import logging
from pathlib import Path

from sluice.domain.chunks import ChunkPlan
from sluice.domain.ids import Prefix
from sluice.domain.models import Job
from sluice.media.chunks import ChunkedPlan, Window, plan_windows
from sluice.media.ladder import Plan
from sluice.service.chunk_ports import Chunking, ChunkPorts
from sluice.service.cutting import Cutter, NotChunkable
from sluice.service.ports import Create
from sluice.service.progress import ProgressWriter

logger = logging.getLogger(__name__)


class HandedOver(Exception):  # noqa: N818  # no error: other tasks go on
    """The source is cut, and its plan written."""

    def __init__(self, plan_id: str) -> None:
        super().__init__(plan_id)
        self.plan_id = plan_id


def windows_of(plan: Plan, chunking: Chunking) -> tuple[Window, ...]:
    """Empty for a source that one task encodes."""
    video = plan.source.video
    if video is None or plan.rate is None or plan.gop_frames is None or not plan.source.duration_stated:
        return ()  # without a stated length nobody knows how many chunks there are
    length_s = video.duration_s or plan.source.duration_s or 0.0
    if not 0 < chunking.over_s < length_s:
        return ()
    segment = plan.gop_frames * plan.gops_per_segment
    windows = plan_windows(duration_s=length_s, rate=plan.rate, segment_frames=segment, chunk_s=chunking.length_s)
    return windows if len(windows) > 1 else ()


def hand_over(job: Job, source: Path, work: Path, plan: Plan, *, progress: ProgressWriter, ports: ChunkPorts) -> None:
    """Raises HandedOver if others go on with this plan; returns if this task does everything."""
    windows = windows_of(plan, ports.chunking)
    if not windows:
        return
    chunked = ChunkPlan(
        id=ports.ids(Prefix.CHUNK_PLAN),
        tenant_id=job.tenant_id,
        job_id=job.id,
        attempt=job.attempt,
        chunks=len(windows),
        sound=bool(plan.audio),
        work=ChunkedPlan(plan=plan, windows=windows).model_dump_json(exclude_defaults=True),
        created_at=ports.now(),
    )
    cutter = Cutter(source, work, plan, tools=ports.tools, binaries=ports.binaries)
    largest = 0
    try:
        for number, piece in enumerate(cutter.pieces(windows)):
            progress.report("cut", number / len(windows), None)
            largest = max(largest, piece.stat().st_size)
            ports.work.put(chunked.piece_key(number), piece)
    except NotChunkable as reason:
        logger.info("not_chunked", extra={"reason": str(reason)})
        return
    ports.records.commit(Create(chunked.model_copy(update={"piece_bytes": largest})))
    raise HandedOver(chunked.id)
