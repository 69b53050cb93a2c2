"""The stream copy that normalises a source: one fragmented MP4 for the picture, one for the sound.

Encoder and packager read these files rather than the source, so that copied and encoded renditions have the very same
timestamps. Pure: paths in, list out.
"""

from itertools import pairwise

from sluice.media import untrusted
from sluice.media.ffmpeg import FRAGMENTED_MP4, NO_METADATA, audio_output, intermediate
from sluice.media.filters import audio_chain, ratio
from sluice.media.ladder import Plan
from sluice.media.source import AudioStream, SourceProbe, VideoStream
from sluice.media.source_packets import StreamPackets

_SLACK_BYTES = 64 << 20
_AAC_FRAME = 1024  # samples of an AAC-LC packet
_MOST_SOUND_KBPS = 256  # above, the copy would cost viewers more than it saves us
_MOST_SOUND_OFFSET_S = 0.03  # one AAC frame of priming; more is padded or cut by an encode


def copy_argv(ffmpeg: str, source: str, plan: Plan, *, source_bytes: int, copies_sound: bool) -> list[str]:
    """`copies_sound`: the first sound rendition need not be encoded either."""
    video = plan.source.video
    if video is None:
        raise ValueError("no picture to copy")
    graph: list[str] = []
    outputs = ["-map", f"0:{video.index}", "-c:v", "copy", *_exact_times(plan.source, video)]
    outputs += _file(intermediate(plan.video[0].name), video.start_s, source_bytes)
    for made in plan.audio:
        if copies_sound and made is plan.audio[0] and not made.normalised:
            outputs += ["-map", f"0:{made.index}", "-c:a", "copy"]
            outputs += _file(intermediate(made.name), video.start_s, source_bytes)
            continue
        graph += [audio_chain(made, plan)] if made.mode == "encode" else []
        outputs += audio_output(made, plan)
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",  # else it reads the terminal
        "-y",
        "-v", "warning",
        *untrusted.INPUT_OPTIONS,
        "-t", f"{plan.longest_s:.0f}",
        "-i", source,
        *(("-filter_complex", ";".join(graph)) if graph else ()),
        *outputs,
    ]  # fmt: skip


def sound_can_be_copied(audio: AudioStream, video: VideoStream, sound: StreamPackets) -> bool:
    """Stereo AAC-LC without gaps that begins with the picture, from a container with exact timestamps."""
    stamps = [packet.pts for packet in sound.packets if packet.pts is not None]
    seconds = len(stamps) * _AAC_FRAME / audio.sample_rate
    return (
        audio.codec == "aac"
        and sound.fields.get("profile") == "LC"
        and audio.channels == 2
        and audio.sample_rate in (44_100, 48_000)
        and abs(audio.start_s - video.start_s) <= _MOST_SOUND_OFFSET_S
        and len(stamps) == len(sound.packets)
        # Matroska's milliseconds fail here.
        and all(
            (after - before) * sound.time_base * audio.sample_rate == _AAC_FRAME for before, after in pairwise(stamps)
        )
        and sum(packet.size for packet in sound.packets) * 8 <= seconds * _MOST_SOUND_KBPS * 1000
    )


def _exact_times(source: SourceProbe, video: VideoStream) -> list[str]:
    """Matroska rounds to milliseconds; at a constant rate the frames' true times are the multiples of one frame."""
    if source.container != "matroska" or video.variable_rate:
        return []
    frame = ratio(1 / video.rate)
    return ["-bsf:v", f"setts=time_base={frame}:prescale=1:pts=PTS:dts=DTS:duration=1"]


def _file(name: str, start_s: float, source_bytes: int) -> list[str]:
    return [
        *(("-output_ts_offset", f"{-start_s:.6f}") if start_s else ()),  # the picture begins at 0, as in an encode
        "-fs", str(source_bytes + _SLACK_BYTES),
        *NO_METADATA,
        *FRAGMENTED_MP4,
        name,
    ]  # fmt: skip
