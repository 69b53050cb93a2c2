"""The stream copy that normalises a source: one fragmented MP4 for the picture, one for each sound.

Encoder and packager read these files rather than the source, so that copied and encoded renditions have the very same
timestamps. Pure: paths in, list out.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

from sluice.domain.encoding import VideoCodec
from sluice.media import untrusted
from sluice.media.ffmpeg import FRAGMENTED_MP4, NO_METADATA, audio_output, intermediate
from sluice.media.filters import audio_chain, ratio
from sluice.media.ladder import Plan, VideoRendition
from sluice.media.levels import h264_level
from sluice.media.sound import AudioRendition
from sluice.media.source import AudioStream, SourceProbe, VideoStream
from sluice.media.source_packets import StreamPackets

_SLACK_BYTES = 64 << 20
_AAC_FRAME = 1024  # samples of an AAC-LC packet
_MOST_SOUND_KBPS = 256  # above, the copy would cost viewers more than it saves us
_MOST_SOUND_OFFSET_S = 0.03  # one AAC frame of priming; more is padded or cut by an encode


def copying_plan(plan: Plan, streams: Mapping[int, StreamPackets]) -> Plan:
    """With the sounds copied that can be."""
    tracks = {track.index: track for track in plan.source.tracks}
    return plan.model_copy(
        update={"audio": tuple(_sound(made, tracks[made.index], plan, streams[made.index]) for made in plan.audio)}
    )


def copy_argv(ffmpeg: str, source: str, plan: Plan, *, source_bytes: int) -> list[str]:
    video = plan.source.video
    if video is None:
        raise ValueError("no picture to copy")
    graph = ";".join(audio_chain(made, plan) for made in plan.audio if made.mode == "encode")
    sounds = [word for made in plan.audio for word in audio_output(made, plan)]
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",  # else it reads the terminal
        "-y",
        "-v", "warning",
        *untrusted.INPUT_OPTIONS,
        "-t", f"{plan.longest_s:.0f}",
        "-i", source,
        *(("-filter_complex", graph) if graph else ()),
        "-map", f"0:{video.index}",
        "-c:v", "copy",
        *_exact_times(plan.source, video),
        *(("-output_ts_offset", f"{-video.start_s:.6f}") if video.start_s else ()),  # begins at 0, as an encode does
        "-fs", str(source_bytes + _SLACK_BYTES),
        *NO_METADATA,
        *FRAGMENTED_MP4,
        intermediate(plan.video[0].name),
        *sounds,
    ]  # fmt: skip


def lower_rungs(plan: Plan, keyframes: tuple[int, ...], *, constant_rate: bool) -> Plan | None:
    """What is left to encode below the copied rendition; None if that is nothing, or cannot follow its keyframes.

    `keyframes`: numbers of the copy's keyframes in order of presentation.
    """
    below = plan.video[1:]
    if not below or any(made.codec is not VideoCodec.H264 for made in below):
        return None  # the other encoders answer a forced keyframe with one that is no start of a closed GOP
    following = tuple(_following(made, plan, keyframes) for made in below)
    return plan.model_copy(update={"video": following, "audio": (), "from_copy": True, "b_frames": constant_rate})


def frames_below(lower: Plan, frames: int) -> int:
    """What an encoder of `lower` reports of so many frames of the copy: those of the first rendition that it makes."""
    first = lower.video[0].rate
    return math.ceil(frames * first / (lower.rate or first))


def _following(made: VideoRendition, plan: Plan, keyframes: tuple[int, ...]) -> VideoRendition:
    """A rendition of half the frames needs every keyframe among them; else it keeps all frames."""
    step = (plan.rate or made.rate) / made.rate
    if all(number % step == 0 for number in keyframes):
        return made
    rate = made.rate * step
    level = h264_level(made.width, made.height, rate, made.max_kbps)
    return made.model_copy(update={"rate": rate, "level": level})


def _sound(made: AudioRendition, track: AudioStream, plan: Plan, sound: StreamPackets) -> AudioRendition:
    if made.mode == "encode" and not made.normalised and _can_be_copied(track, plan.source.start_s, sound):
        return made.model_copy(update={"mode": "copy", "kbps": _MOST_SOUND_KBPS})
    return made


def _can_be_copied(track: AudioStream, start_s: float, sound: StreamPackets) -> bool:
    """Stereo AAC-LC without gaps that begins with the picture, from a container with exact timestamps."""
    stamps = sound.packets.stamps
    frame = Fraction(_AAC_FRAME, track.sample_rate) / sound.time_base  # no whole number in Matroska's milliseconds
    most_bytes = len(stamps) * Fraction(_AAC_FRAME, track.sample_rate) * _MOST_SOUND_KBPS * 125
    return (
        (track.codec, sound.fields.get("profile"), track.channels) == ("aac", "LC", 2)
        and track.sample_rate in (44_100, 48_000)
        and abs(track.start_s - start_s) <= _MOST_SOUND_OFFSET_S
        and len(stamps) == sound.packets.count
        and all(after - before == frame for before, after in pairwise(stamps))
        and sound.packets.size_bytes <= most_bytes
    )


def _exact_times(source: SourceProbe, video: VideoStream) -> list[str]:
    """Matroska rounds to milliseconds; at a constant rate the frames' true times are the multiples of one frame."""
    if source.container != "matroska" or video.variable_rate:
        return []
    return ["-bsf:v", f"setts=time_base={ratio(1 / video.rate)}:prescale=1:pts=PTS:dts=DTS:duration=1"]
