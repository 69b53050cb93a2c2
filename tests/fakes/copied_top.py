"""The gate and the stream copy of the task's own fast lane, without media: the source says what it is."""

from fractions import Fraction
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.tools import Binaries, ToolLimits, ToolTask
from sluice.media.ffmpeg import intermediate
from sluice.media.gate import Refusal, Segment
from sluice.media.ladder import plan_transcode
from sluice.media.source import SourceProbe
from sluice.service.early import CopiedTop, Refused
from sluice.service.loudness import NONE_KNOWN, Gains
from sluice.service.tool_ports import Tools
from tests.fakes.transcoding import FRAGMENTED, MOVIE, TIMESCALE, fragment

STANDARD = b"standard"  # how a source begins that players can take as it is
SEGMENT_S = 6


def copy_top(
    source: Path,
    work: Path,
    found: SourceProbe,
    settings: EncodingSettings,
    *,
    tools: Tools,
    binaries: Binaries,
    gains: Gains = NONE_KNOWN,
) -> CopiedTop | Refused:
    if not source.read_bytes().startswith(STANDARD):
        return Refused(Refusal.DAMAGED)
    plan = plan_transcode(found, settings)
    copies = (plan.video[0].name, *(made.name for made in plan.audio))
    argv = (binaries.ffmpeg, *map(intermediate, copies))
    tools.run(ToolTask(argv=argv, cwd=work, limits=ToolLimits(deadline_s=1)))
    (work / intermediate(plan.video[0].name)).write_bytes(FRAGMENTED + fragment(SEGMENT_S * TIMESCALE))
    return CopiedTop(
        work,
        plan,
        keyframes=(0, 150),
        frames=300,
        length_s=12.0,
        constant_rate=True,
        segments=(_segment(0), _segment(1)),
    )


def _segment(number: int) -> Segment:
    """One fragment. With as many frames as all of it: so many are in whatever the fake encoder makes."""
    size = len(b"frames")
    offset = len(MOVIE) + (number + 1) * len(fragment(0)) - size
    return Segment(Fraction(number * SEGMENT_S), Fraction(SEGMENT_S), frames=300, offset=offset, size=size)
