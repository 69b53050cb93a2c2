"""The copied top rendition: a standard H.264 source, playable after a copy and long before anything is encoded."""

import hashlib
import mmap
from dataclasses import dataclass
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import Rendition
from sluice.domain.tools import Binaries, ToolLimitExceeded, ToolLimits, ToolTask
from sluice.media import copying, gate, untrusted
from sluice.media.bitstream import MalformedBitstream, read_bitstream
from sluice.media.ffmpeg import intermediate
from sluice.media.fragments import MalformedFragments, keyframes, length_s, read_track
from sluice.media.gate import Refusal, Segment
from sluice.media.ladder import Plan, plan_transcode
from sluice.media.source import SourceProbe
from sluice.media.source_packets import StreamPackets, packets_argv, parse_packets
from sluice.service.loudness import NONE_KNOWN, Gains, with_gains
from sluice.service.packaged import checked_duration, describe_renditions
from sluice.service.packaging import package
from sluice.service.rendering import has_media
from sluice.service.tool_ports import Tools

PACKETS_DEADLINE_S = 300
PACKETS_ANSWER_BYTES = 128 << 20  # nine hours of picture and sound: six are 81 MB
COPY_DEADLINE_S = 1800


@dataclass(frozen=True)
class Refused:
    reason: Refusal


@dataclass(frozen=True)
class CopiedTop:
    """`directory` holds the normalised copy of each stream, as `intermediate(name)`."""

    directory: Path
    plan: Plan  # of the whole ladder, with the sounds as they were copied or encoded
    keyframes: tuple[int, ...]  # their numbers in order of presentation
    frames: int
    length_s: float  # at a variable rate, the number of frames does not tell it
    constant_rate: bool
    segments: tuple[Segment, ...]  # as Packager will cut it


@dataclass(frozen=True)
class EarlyRendered:
    """`directory` holds `<rendition>/*` and the playlists; each rendition has its digest."""

    directory: Path
    duration_s: float
    frames: int
    renditions: tuple[Rendition, ...]


def render_early(
    source: Path, work: Path, found: SourceProbe, settings: EncodingSettings, *, tools: Tools, binaries: Binaries
) -> EarlyRendered | Refused:
    """`work`: an existing empty directory. A refused source is encoded like any other.

    Raises ToolLimitExceeded, ToolNotStarted, ProviderFailure.
    """
    copied = copy_top(source, work, found, settings, tools=tools, binaries=binaries)
    return copied if isinstance(copied, Refused) else package_early(copied, tools=tools, binaries=binaries)


def package_early(copied: CopiedTop, *, tools: Tools, binaries: Binaries) -> EarlyRendered:
    """The copy alone; its intermediate files stay for those that are encoded from them."""
    alone = copied.plan.model_copy(update={"video": copied.plan.video[:1]})
    directory = copied.directory / "early"
    directory.mkdir()
    for name in alone.names:
        (directory / intermediate(name)).hardlink_to(copied.directory / intermediate(name))
    package(directory, alone, tools=tools, binaries=binaries)
    duration_s = checked_duration(alone, directory)
    renditions = describe_renditions(alone, directory, duration_s)
    return EarlyRendered(
        directory=directory,
        duration_s=duration_s,
        frames=copied.frames,
        renditions=tuple(r.model_copy(update={"digest": digest(directory / r.name)}) for r in renditions),
    )


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
    if settings.passthrough == "never":
        return Refused(Refusal.SETTINGS)
    plan = plan_transcode(found, settings)
    if found.video is None:
        return Refused(Refusal.NO_PICTURE)
    if refusal := gate.refuse_probed(found.container, found.video, plan.video[0]):
        return Refused(refusal)
    try:
        streams = _read_packets(source, work, tools, binaries)
    except ToolLimitExceeded:
        return Refused(Refusal.TOO_LONG)
    picture = streams.get(found.video.index)
    if picture is None:
        return Refused(Refusal.DAMAGED)
    if refusal := gate.refuse_headers(picture) or gate.refuse_packets(picture, plan.video[0]):
        return Refused(refusal)
    plan = copying.copying_plan(plan_transcode(_filled(found, streams), settings), streams)
    plan = with_gains(source, work, plan, run=tools.run, ffmpeg=binaries.copier, known=gains)
    argv = copying.copy_argv(binaries.copier, str(source), plan, source_bytes=source.stat().st_size)
    ended = tools.run(ToolTask(argv=tuple(argv), cwd=work, limits=ToolLimits(deadline_s=COPY_DEADLINE_S)))
    if ended.exit_code != 0 or not all(has_media(work / intermediate(made.name)) for made in plan.audio):
        return Refused(Refusal.DAMAGED)
    return _look_at_copy(work, picture, plan)


def digest(directory: Path) -> str:
    """SHA-256 over the bytes of one rendition's files, in order of their names."""
    whole = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        with path.open("rb") as file:
            whole.update(f"{path.name} {path.stat().st_size}\n".encode())
            while block := file.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()


def _read_packets(source: Path, work: Path, tools: Tools, binaries: Binaries) -> dict[int, StreamPackets]:
    """Nothing if the answer makes no sense."""
    limits = ToolLimits(
        deadline_s=PACKETS_DEADLINE_S,
        file_bytes=0,
        memory_bytes=untrusted.PROBE_MEMORY_BYTES,
        stdout_bytes=PACKETS_ANSWER_BYTES,
    )
    answer = tools.run(
        ToolTask(argv=tuple(packets_argv(binaries.ffprobe, str(source))), cwd=work, limits=limits),
    )
    try:
        return parse_packets(answer.stdout) if answer.exit_code == 0 else {}
    except (ValueError, KeyError, OverflowError):
        return {}


def _filled(found: SourceProbe, streams: dict[int, StreamPackets]) -> SourceProbe:
    """Recorders with a muted microphone declare a sound track and never fill it."""
    filled = tuple(track for track in found.tracks if track.index in streams and streams[track.index].packets.count)
    return found.model_copy(update={"tracks": filled})


def _look_at_copy(work: Path, picture: StreamPackets, plan: Plan) -> CopiedTop | Refused:
    top = plan.video[0]
    path = work / intermediate(top.name)
    if not has_media(path):
        return Refused(Refusal.DAMAGED)
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        try:
            track = read_track(data)
            bitstream = read_bitstream(data, track)
        except (MalformedFragments, MalformedBitstream):
            return Refused(Refusal.DAMAGED)
    if refusal := gate.refuse_copy(track, bitstream, picture, top=top, segment_s=plan.segment_s):
        return Refused(refusal)
    constant = gate.constant_rate(sorted(sample.pts for sample in track.samples))
    segments = tuple(gate.segments(track, plan.segment_s))
    return CopiedTop(work, plan, keyframes(track), len(track.samples), length_s(track), constant, segments)
