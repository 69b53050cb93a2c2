"""The whole ladder for half the work: a standard H.264 source is its own top rendition.

Only the lower ones are encoded. They get its timestamps and keyframes, so that Packager cuts all at the same moments.
"""

import logging
import shutil
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import AssetVersion, Rendition
from sluice.domain.tools import Binaries
from sluice.media import ffmpeg, playlists
from sluice.media.copying import frames_below, lower_rungs
from sluice.media.ladder import Plan
from sluice.media.source import SourceProbe
from sluice.service.cutting import NotChunkable
from sluice.service.early import CopiedTop, Refused, copy_top, digest
from sluice.service.loudness import NONE_KNOWN, Gains
from sluice.service.rendering import Rendered, Stage, encode, finish
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)

SAME_MOMENT_S = 0.002  # playlists round to milliseconds

OnCopied = Callable[[CopiedTop], None]
# Of the copy and what is to be encoded below it: raises what ends the work here if others go on with it, NotChunkable
# if one task would take too long with it, and they cannot.
InParts = Callable[[CopiedTop, Plan], None]


def render_smart_top(
    found: SourceProbe,
    source: Path,
    work: Path,
    *,
    settings: EncodingSettings,
    tools: Tools,
    binaries: Binaries,
    processors: int,
    on_stage: Stage,
    gains: Gains = NONE_KNOWN,
    on_copied: OnCopied = lambda _copied: None,
    in_parts: InParts = lambda _copied, _lower: None,
) -> Rendered | None:
    """None: the source has to be encoded like any other. `on_copied` may publish the copy before anything is encoded.

    Raises what an encode and `in_parts` do.
    """
    if settings.quality == "per_title":
        return None  # it decides on the top rendition as well
    directory = work / "smart"
    directory.mkdir()
    copied = copy_top(source, directory, found, settings, tools=tools, binaries=binaries, gains=gains)
    if isinstance(copied, Refused):
        logger.info("copy_refused", extra={"reason": copied.reason})
        shutil.rmtree(directory)
        return None
    on_copied(copied)
    lower = _to_encode_here(copied, in_parts)
    rendered = None
    if lower is not None:
        top = directory / ffmpeg.intermediate(copied.plan.video[0].name)
        frames = encode(top, directory, lower, tools=tools, binaries=binaries, processors=processors, on_stage=on_stage)
        on_stage("package", 0.0, None)
        rendered = _finish(copied, lower, frames, tools=tools, binaries=binaries)
    if rendered is None:
        shutil.rmtree(directory)
    return rendered


def _to_encode_here(copied: CopiedTop, in_parts: InParts) -> Plan | None:
    """None if the whole ladder has to be encoded."""
    lower = lower_rungs(copied.plan, copied.keyframes, constant_rate=copied.constant_rate)
    try:
        if lower is not None:
            in_parts(copied, lower)
    except NotChunkable as reason:
        logger.info("copy_not_chunked", extra={"reason": str(reason)})
        return None
    return lower


def _finish(copied: CopiedTop, lower: Plan, frames: int, *, tools: Tools, binaries: Binaries) -> Rendered | None:
    """None if what was encoded did not follow the copy, as with pictures that only a decoder finds damaged."""
    if frames != (expected := frames_below(lower, copied.frames)):
        logger.warning("copy_not_followed", extra={"frames": frames, "expected": expected})
        return None
    plan = copied.plan.model_copy(update={"video": (copied.plan.video[0], *lower.video)})
    rendered = finish(copied.directory, plan, copied.frames, tools=tools, binaries=binaries, length_s=copied.length_s)
    if not boundaries_agree(plan, rendered.directory):
        logger.warning("copy_not_followed", extra={"boundaries": "differ"})
        return None
    return rendered


def reuse_early(rendered: Rendered, early: AssetVersion) -> tuple[Rendition, ...]:
    """The renditions, those of the very bytes that the early version has pointing there."""
    known = {rendition.name: rendition.digest for rendition in early.renditions}
    return tuple(
        rendition.model_copy(update={"version_id": early.id})
        if rendition.name in known and known[rendition.name] == digest(rendered.directory / rendition.name)
        else rendition
        for rendition in rendered.renditions
    )


def boundaries_agree(plan: Plan, directory: Path) -> bool:
    """Every rendition's segments begin at the same moments; the last ones may end a frame apart."""
    starts = [list(accumulate(_lengths(directory, made.name)[:-1])) for made in plan.video]
    return all(
        len(ours) == len(starts[0])
        and all(abs(one - other) <= SAME_MOMENT_S for one, other in zip(ours, starts[0], strict=True))
        for ours in starts
    )


def _lengths(directory: Path, name: str) -> list[float]:
    return playlists.segment_durations_s((directory / f"{name}.m3u8").read_text())
