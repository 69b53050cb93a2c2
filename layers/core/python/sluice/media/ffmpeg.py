"""The encode as one argument list: one ffmpeg process decodes once and makes every rendition, the sound and the poster.

Pure: paths in, list out. Output names are relative to the working directory of the process.
"""

import math
from fractions import Fraction

from sluice.media import chunks, untrusted
from sluice.media.chunks import Window
from sluice.media.ladder import AUDIO, CRF, Plan, VideoRendition
from sluice.media.probe import AudioStream, VideoStream

POSTER = "poster.jpg"
POSTER_AT = Fraction(1, 10)  # of the duration: past a black start or title
POSTER_LONG_SIDE = 1280

AUDIO_KBPS = 128
AUDIO_RATE = 48_000

# Fragments begin at keyframes, which is all Packager needs. Not +empty_moov: it loses the edit list that hides the
# encoder's priming samples. Not +cmaf: it shifts the first frame by one.
FRAGMENTED_MP4 = ("-movflags", "+frag_keyframe+delay_moov+default_base_moof", "-f", "mp4")

# The owner's tags may hold a position or a name; nothing of them belongs into published media.
NO_METADATA = ("-map_metadata", "-1", "-map_chapters", "-1")

_FILE_SLACK_BYTES = 64 << 20


def intermediate(name: str) -> str:
    """The file that holds one rendition between encoder and packager."""
    return f"{name}.mp4"


def encode_argv(ffmpeg: str, source: str, plan: Plan, *, processors: int, window: Window | None = None) -> list[str]:
    """`source` is the normalised copy where the plan's top is copied, and its sound is ready then.

    `window`: it is a piece of the source, of which only the picture is read, and no poster is made.
    """
    video, audio = plan.source.video, plan.source.audio
    if video is not None and window is not None:
        video, audio = video.model_copy(update={"index": 0}), None
    graph: list[str] = []
    outputs: list[str] = []
    if video is not None and plan.encoded:
        graph += video_graph(video, plan, window=window)
        for rendition in plan.encoded:
            outputs += _video_output(rendition, plan, threads=_threads(rendition, plan, processors), window=window)
        if window is None:
            outputs += ["-map", "[poster]", "-frames:v", "2", "-update", "1", "-q:v", "3", "-f", "image2", POSTER]
    if audio is not None and plan.audio and not plan.copied:
        graph.append(audio_graph(audio, video))
        outputs += audio_output(plan)
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",  # else it reads the terminal
        "-y",
        "-v", "warning",
        "-progress", "pipe:1", "-nostats", "-stats_period", "1",
        *untrusted.INPUT_OPTIONS,
        *(chunks.piece_options(video) if video is not None and window is not None else ()),
        "-t", f"{plan.longest_s:.0f}",  # of the input: a jump in timestamps must not become hours of frames
        "-i", source,
        "-filter_complex", ";".join(graph),
        *outputs,
    ]  # fmt: skip


def video_graph(video: VideoStream, plan: Plan, *, window: Window | None = None) -> list[str]:
    """Each rendition is scaled from the one above it, which costs a third of scaling each from the source."""
    # Every rendition begins at 0; audio_graph shifts the sound by as much. The bound is for the end of the stream: `-t`
    # drops late frames, but not their time, up to which `fps` would repeat the last one.
    renditions = plan.encoded
    steps = [] if plan.copied else [f"setpts=min(PTS-STARTPTS\\,{plan.longest_s:.0f}/TB)"]
    if window is not None:
        steps = chunks.first_steps(video, window, longest_s=plan.longest_s)
    if video.interlaced:
        steps.append("bwdif=mode=send_frame:deint=interlaced")  # one frame per frame, and only those marked interlaced
    poster_from = next((r for r in renditions if max(r.width, r.height) <= POSTER_LONG_SIDE), renditions[-1])
    chains = []
    pad = "0:0" if plan.copied else f"0:{video.index}"
    for rendition, below in zip(renditions, (*renditions[1:], None), strict=True):
        steps += [
            f"scale={rendition.width}:{rendition.height}:out_range=tv",  # phones deliver full range; players expect tv
            "setsar=1",
            "format=yuv420p",  # the only sampling that every H.264 decoder has
        ]
        if below:
            chains.append(f"[{pad}]{','.join(steps)},split=2[scaled_{rendition.name}][to_{below.name}]")
            pad, steps = f"scaled_{rendition.name}", []
        # Puts frames on the exact grid. At a constant rate it neither repeats nor drops one, it only removes jitter.
        # After scaling: a repeated frame is then one more reference, not one more picture. Before it, a pause of two
        # minutes filled gigabytes, as ffmpeg scales all its frames before the first is encoded.
        if window is not None:
            steps += chunks.rate_steps(video.rate, window)
        elif not plan.copied:
            steps.append(f"fps={ratio(video.rate)}")
        with_still = rendition is poster_from and window is None
        split = ",split=2" if with_still else ""
        still = "[still]" if with_still else ""
        chains.append(f"[{pad}]{','.join(steps)}{split}[{rendition.name}]{still}")
        pad, steps = f"to_{below.name}" if below else "", []
    if window is not None:
        return chains
    # The first frame, overwritten by the wanted one: a picture even if the video ends early.
    chains.append(f"[still]select=eq(n\\,0)+eq(n\\,{_poster_frame(video)})[poster]")
    return chains


def audio_graph(audio: AudioStream, video: VideoStream | None) -> str:
    late_s = video.start_s if video is not None else audio.start_s
    # first_pts=0 with async=1 pads or cuts the start and fills gaps with silence, so that sound stays with the picture.
    return (
        f"[0:{audio.index}]asetpts=PTS-{late_s:.6f}/TB,"
        f"aresample={AUDIO_RATE}:async=1:first_pts=0,aformat=channel_layouts=stereo[{AUDIO}]"
    )


def _video_output(rendition: VideoRendition, plan: Plan, *, threads: int, window: Window | None = None) -> list[str]:
    return [
        "-map", f"[{rendition.name}]",
        "-fps_mode", "passthrough",  # the fps filter has decided; a second opinion could repeat a frame
        "-c:v", "libx264",
        "-preset", "veryfast",
        "-threads", str(threads),
        "-crf", str(CRF),
        "-maxrate", f"{rendition.max_kbps}k",
        "-bufsize", f"{rendition.max_kbps * 2}k",
        *(chunks.buffer_options(window, buffer_kbits=rendition.max_kbps * 2) if window else ()),
        "-profile:v", rendition.profile,
        "-level:v", rendition.level,
        *(_SOURCE_KEYFRAMES if plan.copied else _grid(plan)),
        "-sc_threshold", "0",  # no further ones, so that all renditions switch at the same frames
        "-flags", "+cgop",  # no frame refers across a keyframe: any segment can be the first one played
        "-fs", str(_max_bytes(rendition.max_kbps, plan)),
        *NO_METADATA,
        *FRAGMENTED_MP4,
        intermediate(rendition.name),
    ]  # fmt: skip


# Keyframes where the copied rendition has its own, with its very timestamps.
_SOURCE_KEYFRAMES = ("-enc_time_base", "demux", "-force_key_frames", "source", "-g", "100000")


def _grid(plan: Plan) -> tuple[str, ...]:
    return ("-g", str(plan.gop_frames), "-keyint_min", str(plan.gop_frames))


def _threads(rendition: VideoRendition, plan: Plan, processors: int) -> int:
    """By share of pixels: the top one must not be the bottleneck, and each further thread costs some processor time."""
    pixels = sum(r.width * r.height for r in plan.encoded)
    return max(1, math.ceil(processors * rendition.width * rendition.height / pixels))


def audio_output(plan: Plan) -> list[str]:
    return [
        "-map", f"[{AUDIO}]",
        "-c:a", "aac",
        "-b:a", f"{AUDIO_KBPS}k",
        "-fs", str(_max_bytes(AUDIO_KBPS, plan)),
        *NO_METADATA,
        *FRAGMENTED_MP4,
        intermediate(AUDIO),
    ]  # fmt: skip


def _max_bytes(kbps: int, plan: Plan) -> int:
    """No honest result reaches this: it bounds what a hostile file can write."""
    seconds = plan.source.duration_s if plan.source.duration_stated and plan.source.duration_s else None
    return int((seconds or untrusted.MAX_DURATION_S) * kbps * 125 * 2) + _FILE_SLACK_BYTES


def _poster_frame(video: VideoStream) -> int:
    return int(Fraction(video.duration_s or 0) * POSTER_AT * video.rate)


def ratio(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
