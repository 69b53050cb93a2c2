"""From a source file to finished media in a directory: probe, plan, encode, package. Knows no jobs and no cloud."""

import json
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.errors import ProviderFailure
from sluice.domain.models import Rendition
from sluice.domain.tools import Binaries, DiskFull, ToolLimitExceeded, ToolLimits, ToolOutput, ToolTask
from sluice.media import ffmpeg, gaps, probe, untrusted
from sluice.media.chunks import Window
from sluice.media.ladder import Plan, plan_transcode
from sluice.media.source import SourceProbe
from sluice.media.verdicts import Corrupt, TooComplex
from sluice.service.loudness import Gains, gains_of, with_gains
from sluice.service.packaged import checked_duration, describe_renditions
from sluice.service.packaging import package
from sluice.service.pictures import Pictures, make_pictures
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)

PROBE_DEADLINE_S = 60
PROBE_ANSWER_BYTES = 128 << 20  # all timestamps of 12 hours of picture and sound
ENCODE_DEADLINE_S = 1800
ENCODE_DEADLINE_PER_SECOND = 60  # of source: ten times what one slow processor needs for all renditions
MOST_PACKETS_DAMAGED = 69  # ffmpeg's exit code above `-max_error_rate`
NO_SPACE = "No space left on device"
OUT_OF_RESOURCES = (NO_SPACE, "Cannot allocate memory")

Check = Callable[[SourceProbe], None]  # raises what the source is refused for
Refine = Callable[[Plan], Plan]  # a better plan of the same source
Stage = Callable[[str, float, float | None], None]  # stage name, its share done 0-1, seconds of video per second


@dataclass(frozen=True)
class Rendered:
    """Finished media: `directory` holds `<rendition>/*`, the playlists and `pictures`' files."""

    directory: Path
    plan: Plan
    duration_s: float
    frames: int | None
    renditions: tuple[Rendition, ...]
    pictures: Pictures


# Of the checked source and the gains of its sound: media for less than a whole encode.
Shortcut = Callable[[SourceProbe, Gains], Rendered | None]


def render_source(
    source: Path,
    work: Path,
    *,
    settings: EncodingSettings,
    tools: Tools,
    binaries: Binaries,
    processors: int,
    check: Check,
    refine: Refine,
    on_stage: Stage,
    on_plan: Callable[[Plan], None] = lambda _plan: None,
    shortcut: Shortcut = lambda _found, _gains: None,
) -> Rendered:
    """`work`: an existing empty directory. `on_plan`: raises what is to end the work before all of it is encoded here.

    Raises a SourceRejected verdict, what `check` raises of the probed source, ToolLimitExceeded or ProviderFailure.
    """
    on_stage("probe", 0.0, None)
    found = probe_source(source, work, tools=tools, binaries=binaries)
    check(found)
    plan = refine(plan_transcode(found, settings))
    plan = with_gains(source, work, plan, run=tools.run, ffmpeg=binaries.copier)
    logger.info("transcode_planned", extra={"plan": plan.model_dump(mode="json")})
    if (cheaper := shortcut(found, gains_of(plan))) is not None:
        return cheaper
    on_plan(plan)
    encoded = partial(encode, source, work, tools=tools, binaries=binaries, processors=processors, on_stage=on_stage)
    try:
        frames = encoded(plan)
    except Corrupt:
        plan = _without_silent_tracks(plan, work)
        frames = encoded(plan)
    on_stage("package", 0.0, None)
    return finish(work, plan, frames, tools=tools, binaries=binaries)


def finish(
    work: Path, plan: Plan, frames: int, *, tools: Tools, binaries: Binaries, length_s: float | None = None
) -> Rendered:
    """From encoded renditions in `work` to media that can be published. Raises as `render_source` does.

    `length_s`: of a picture whose frames do not lie on the grid of the plan's rate.
    """
    on_grid_s = float(frames / plan.rate) if plan.rate and frames else plan.source.duration_s or 0.0
    pictures = make_pictures(work, plan, length_s or on_grid_s, tools=tools, binaries=binaries)
    directory = package(work, plan, tools=tools, binaries=binaries)
    duration_s = checked_duration(plan, directory)
    return Rendered(
        directory=directory,
        plan=plan,
        duration_s=duration_s,
        frames=frames if plan.video else None,
        renditions=describe_renditions(plan, directory, duration_s),
        pictures=pictures,
    )


def _without_silent_tracks(plan: Plan, work: Path) -> Plan:
    """Recorders with a muted microphone declare a sound track and never fill it, and ffmpeg fails on that.

    Raises Corrupt if that was not the reason.
    """
    silent = {made.index for made in plan.audio if not has_media(work / ffmpeg.intermediate(made.name))}
    if not (plan.video and silent):
        raise Corrupt
    tracks = tuple(track for track in plan.source.tracks if track.index not in silent)
    audible = tuple(made for made in plan.audio if made.index not in silent)
    source = plan.source.model_copy(update={"tracks": tracks})
    return plan.model_copy(update={"source": source, "audio": audible})


def probe_source(source: Path, work: Path, *, tools: Tools, binaries: Binaries) -> SourceProbe:
    """Raises a SourceRejected verdict, or ProviderFailure."""
    limits = ToolLimits(
        deadline_s=PROBE_DEADLINE_S,
        file_bytes=0,
        memory_bytes=untrusted.PROBE_MEMORY_BYTES,
        stdout_bytes=PROBE_ANSWER_BYTES,
    )

    def ask(argv: list[str]) -> ToolOutput:
        answer = tools.run(ToolTask(argv=tuple(argv), cwd=work, limits=limits))
        if answer.exit_code == -signal.SIGKILL:  # by a machine out of memory; no file can do that within the limits
            raise ProviderFailure("The machine stopped the look at the source.")
        return answer

    with source.open("rb") as file:
        head = file.read(untrusted.HEAD_BYTES)
    try:
        answer = ask(probe.streams_argv(binaries.ffprobe, str(source)))
        headers = probe.parse_streams(answer.stdout, answer.stderr_tail, answer.exit_code, head=head)
        if gaps.may_have_gaps(headers, source.stat().st_size):
            gaps.refuse_gaps(headers, ask(gaps.gaps_argv(binaries.ffprobe, str(source))).stdout)
        timing = None
        if headers.video is not None:
            timed = ask(probe.timing_argv(binaries.ffprobe, str(source), headers))
            if timed.exit_code != 0:
                raise Corrupt
            timing = timed.stdout
        return probe.parse_source(headers, timing)
    except ToolLimitExceeded as error:
        raise TooComplex from error
    except json.JSONDecodeError as error:  # ffprobe died while it printed
        raise Corrupt from error


def encode(
    source: Path,
    work: Path,
    plan: Plan,
    *,
    tools: Tools,
    binaries: Binaries,
    processors: int,
    on_stage: Stage,
    window: Window | None = None,
) -> int:
    """Returns the number of frames of each rendition. Raises Corrupt if the source could not be decoded.

    `window`: `source` is the piece that was cut for it, of the source or of its copy.
    """
    length_s = float(window.length_s) if window and window.length_s else plan.source.duration_s
    last: dict[str, str] = {}

    def on_progress(report: Mapping[str, str]) -> None:
        last.update(report)
        done_s = _microseconds(report.get("out_time_us"))
        on_stage("encode", min(1.0, done_s / length_s) if length_s else 0.0, _speed(report.get("speed")))

    deadline_s = ENCODE_DEADLINE_S + ENCODE_DEADLINE_PER_SECOND * (length_s or untrusted.MAX_DURATION_S)
    task = ToolTask(
        argv=tuple(ffmpeg.encode_argv(binaries.ffmpeg, str(source), plan, processors=processors, window=window)),
        cwd=work,
        limits=ToolLimits(deadline_s=deadline_s),
        streams_progress=True,
    )
    on_stage("encode", 0.0, None)
    ended = tools.run(task, on_progress=on_progress)
    _judge(ended)
    if not all(has_media(work / ffmpeg.intermediate(name)) for name in plan.names):
        raise Corrupt
    return int(last.get("frame", "0"))


def _judge(ended: ToolOutput) -> None:
    if ended.exit_code < 0 or (
        # Decoders say so of damaged packets, too; such a run ends well, or with a code of its own.
        ended.exit_code not in (0, MOST_PACKETS_DAMAGED) and any(word in ended.stderr_tail for word in OUT_OF_RESOURCES)
    ):
        if NO_SPACE in ended.stderr_tail:
            raise DiskFull
        raise ProviderFailure("The encoder was stopped by the machine it ran on.")
    if ended.exit_code > 0:
        raise Corrupt  # it opened, or the probe would have refused it, but could not be decoded


def has_media(path: Path) -> bool:
    """True if a fragmented MP4 holds at least one fragment; its first stands right after the header."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return b"moof" in file.read(1 << 16)


def _microseconds(text: str | None) -> float:
    """Seconds; ffmpeg says N/A before the first frame."""
    return int(text) / 1e6 if text and text.lstrip("-").isdigit() else 0.0


def _speed(text: str | None) -> float | None:
    number = (text or "").removesuffix("x").strip()
    return float(number) if number and number != "N/A" else None
