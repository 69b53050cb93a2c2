"""The encode as one argument list: one ffmpeg process decodes once and makes every rendition and the sound.

Pure: paths in, list out. Output names are relative to the working directory of the process.
"""

import math

from sluice.media import chunks, untrusted
from sluice.media.chunks import Window
from sluice.media.encoders import encoder_options
from sluice.media.filters import filter_graph
from sluice.media.ladder import Plan, VideoRendition
from sluice.media.sound import AudioRendition

# Fragments begin at keyframes, which is all Packager needs. Not +empty_moov: it loses the edit list that hides the
# encoder's priming samples. Not +cmaf: it shifts the first frame by one.
FRAGMENTED_MP4 = ("-movflags", "+frag_keyframe+delay_moov+default_base_moof", "-f", "mp4")

# The owner's tags may hold a position or a name; nothing of them belongs into published media.
NO_METADATA = ("-map_metadata", "-1", "-map_chapters", "-1")

_FILE_SLACK_BYTES = 64 << 20

# Of the processor time of a transcode; decoding and scaling take the rest, on threads of their own.
_ENCODERS_SHARE = 0.85


def intermediate(name: str) -> str:
    """The file that holds one rendition between encoder and packager."""
    return f"{name}.mp4"


def encode_argv(ffmpeg: str, source: str, plan: Plan, *, processors: int, window: Window | None = None) -> list[str]:
    """`source`: the normalised copy (see copying.py) for a plan that says so.

    `window`: it is a piece of that, or of the source, of which only the picture is read.
    """
    graph = filter_graph(plan, window)
    outputs: list[str] = []
    for video in plan.video:
        outputs += _video_output(video, plan, threads=_threads(video, plan, processors), window=window)
    for audio in () if window else plan.audio:
        outputs += audio_output(audio, plan)
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",  # else it reads the terminal
        "-y",
        "-v", "warning",
        "-progress", "pipe:1", "-nostats", "-stats_period", "1",
        *untrusted.INPUT_OPTIONS,
        "-threads", str(max(1, processors // 2)),  # of the decoder, which needs an eighth of the time: more only cost
        *(chunks.piece_options(plan.source.video) if window and plan.source.video and not plan.from_copy else ()),
        "-t", f"{plan.longest_s:.0f}",  # of the input: a jump in timestamps must not become hours of frames
        "-i", source,
        *(("-filter_complex", graph) if graph else ()),
        *outputs,
    ]  # fmt: skip


def _video_output(made: VideoRendition, plan: Plan, *, threads: int, window: Window | None) -> list[str]:
    return [
        "-map", f"[{made.name}]",
        "-fps_mode", "passthrough",  # the fps filter has decided; a second opinion could repeat a frame
        *encoder_options(made, plan, threads=threads),
        *(chunks.buffer_options(window, buffer_kbits=made.max_kbps * 2) if window else ()),
        *(chunks.end_options(window) if window and plan.from_copy else ()),
        "-fs", str(_max_bytes(made.max_kbps, plan)),
        *NO_METADATA,
        *FRAGMENTED_MP4,
        intermediate(made.name),
    ]  # fmt: skip


def _threads(made: VideoRendition, plan: Plan, processors: int) -> int:
    """By share of pixels: the top one must not be the bottleneck, and each further thread costs processor time and
    memory. With two processors, which a short video's task has, each encoder of a usual ladder gets one.
    """
    pixels = sum(r.width * r.height for r in plan.video)
    return math.ceil(processors * _ENCODERS_SHARE * made.width * made.height / pixels)


def audio_output(made: AudioRendition, plan: Plan) -> list[str]:
    return [
        *(_copied(made, plan) if made.mode == "copy" else _encoded(made)),
        "-fs", str(_max_bytes(made.kbps, plan)),
        *NO_METADATA,
        *FRAGMENTED_MP4,
        intermediate(made.name),
    ]  # fmt: skip


def _encoded(made: AudioRendition) -> list[str]:
    return ["-map", f"[{made.name}]", "-c:a", "aac", "-b:a", f"{made.kbps}k"]


def _copied(made: AudioRendition, plan: Plan) -> list[str]:
    """Begins with the picture: moved with it, and without the packets that end before it."""
    moved = f"setts=ts=TS-{plan.source.start_s:.6f}/TB"
    return ["-map", f"0:{made.index}", "-c:a", "copy", "-bsf:a", rf"{moved},noise=drop=lt(pts+duration\,0)"]


def _max_bytes(kbps: int, plan: Plan) -> int:
    seconds = plan.source.duration_s if plan.source.duration_stated and plan.source.duration_s else None
    return most_bytes(kbps, seconds or untrusted.MAX_DURATION_S)


def most_bytes(kbps: int, seconds: float) -> int:
    """No honest result reaches this: it bounds what a hostile file can write."""
    return int(seconds * kbps * 125 * 2) + _FILE_SLACK_BYTES
