"""Poster, storyboard and hover preview of finished renditions: without them, a video is published all the same."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sluice.domain.pictures import POSTER, Storyboard
from sluice.domain.tools import Binaries, ToolLimitExceeded, ToolLimits, ToolTask
from sluice.media import ffmpeg, pictures
from sluice.media.ladder import Plan, VideoRendition
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)

DEADLINE_S = 900  # keyframes of 12 hours on one slow processor


@dataclass(frozen=True)
class Pictures:
    has_poster: bool = False
    storyboard: Storyboard | None = None
    has_preview: bool = False


def make_pictures(work: Path, plan: Plan, duration_s: float, *, tools: Tools, binaries: Binaries) -> Pictures:
    """From the encoder's files in `work`, into `work`, by the names that `media.pictures` gives."""
    if not plan.video or duration_s <= 0:
        return Pictures()

    def run(argv: list[str]) -> bool:
        task = ToolTask(argv=tuple(argv), cwd=work, limits=ToolLimits(deadline_s=DEADLINE_S))
        try:
            ended = tools.run(task)
        except ToolLimitExceeded:
            logger.warning("picture_took_too_long")
            return False
        if ended.exit_code != 0:
            logger.warning("picture_failed", extra={"stderr_tail": ended.stderr_tail})
        return ended.exit_code == 0

    def source(long_side: int) -> tuple[str, VideoRendition]:
        made = pictures.source_of(plan.video, long_side)
        return ffmpeg.intermediate(made.name), made

    file, made = source(pictures.POSTER_LONG_SIDE)
    run(pictures.candidates_argv(binaries.ffmpeg, file, made, duration_s))
    file, made = source(pictures.TILE_LONG_SIDE)
    board = pictures.plan_storyboard(made, duration_s)
    has_board = run(pictures.storyboard_argv(binaries.ffmpeg, file, board))
    file, made = source(pictures.PREVIEW_LONG_SIDE)
    has_preview = run(pictures.preview_argv(binaries.ffmpeg, file, made, duration_s))
    return Pictures(
        has_poster=_take_best(work),
        storyboard=board if has_board else None,
        has_preview=has_preview,
    )


def _take_best(work: Path) -> bool:
    candidates = sorted(work.glob("candidate-*.jpg"))
    if candidates:
        best = pictures.best_candidate([path.stat().st_size for path in candidates])
        candidates[best].rename(work / POSTER)
    for path in candidates:
        path.unlink(missing_ok=True)
    return bool(candidates)
