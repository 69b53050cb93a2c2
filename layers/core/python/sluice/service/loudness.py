"""The gain that brings each normalised sound rendition of a plan to its loudness."""

from collections.abc import Callable
from pathlib import Path

from sluice.domain.tools import ToolLimits, ToolOutput, ToolTask
from sluice.media import loudness, untrusted
from sluice.media.ladder import Plan
from sluice.media.sound import AudioRendition

DEADLINE_S = 300
DEADLINE_PER_SECOND = 1  # of source: decoding sound takes a hundredth of its length


def with_gains(source: Path, work: Path, plan: Plan, *, run: Callable[[ToolTask], ToolOutput], ffmpeg: str) -> Plan:
    """The plan as it is if its settings ask for none. Raises ToolLimitExceeded, ToolNotStarted."""

    def measured(made: AudioRendition) -> AudioRendition:
        if not made.normalised:
            return made
        argv = loudness.loudness_argv(ffmpeg, str(source), made, plan)
        deadline_s = DEADLINE_S + DEADLINE_PER_SECOND * (plan.source.duration_s or untrusted.MAX_DURATION_S)
        ended = run(ToolTask(argv=tuple(argv), cwd=work, limits=ToolLimits(deadline_s=deadline_s, file_bytes=0)))
        # A track that cannot be decoded to its end is for the encode to judge.
        return made.model_copy(update={"gain_db": loudness.gain_db(ended.stderr_tail)})

    return plan.model_copy(update={"audio": tuple(measured(made) for made in plan.audio)})
