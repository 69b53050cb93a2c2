"""The gain that brings each normalised sound rendition of a plan to its loudness."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from sluice.domain.tools import ToolLimits, ToolOutput, ToolTask
from sluice.media import loudness, untrusted
from sluice.media.ladder import Plan
from sluice.media.sound import AudioRendition

Gains = Mapping[int, float]  # dB of each normalised track, by the stream's number in the source

NONE_KNOWN: Gains = MappingProxyType({})
DEADLINE_S = 300
DEADLINE_PER_SECOND = 1  # of source: decoding sound takes a hundredth of its length


def with_gains(
    source: Path,
    work: Path,
    plan: Plan,
    *,
    run: Callable[[ToolTask], ToolOutput],
    ffmpeg: str,
    known: Gains = NONE_KNOWN,
) -> Plan:
    """The plan as it is if its settings ask for none. Raises ToolLimitExceeded, ToolNotStarted."""

    def measured(made: AudioRendition) -> AudioRendition:
        if not made.normalised:
            return made
        if made.index in known:
            return made.model_copy(update={"gain_db": known[made.index]})
        argv = loudness.loudness_argv(ffmpeg, str(source), made, plan)
        deadline_s = DEADLINE_S + DEADLINE_PER_SECOND * (plan.source.duration_s or untrusted.MAX_DURATION_S)
        ended = run(ToolTask(argv=tuple(argv), cwd=work, limits=ToolLimits(deadline_s=deadline_s, file_bytes=0)))
        # A track that cannot be decoded to its end is for the encode to judge.
        return made.model_copy(update={"gain_db": loudness.gain_db(ended.stderr_tail)})

    return plan.model_copy(update={"audio": tuple(measured(made) for made in plan.audio)})


def gains_of(plan: Plan) -> Gains:
    """What `with_gains` has measured: decoding all of the sound once more would tell nothing new."""
    return {made.index: made.gain_db for made in plan.audio if made.normalised}
