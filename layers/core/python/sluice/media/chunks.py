"""Long sources in chunks: which frames each chunk holds, and how its piece of the source is cut and read. Pure.

Chunk k holds the frames [k*N, (k+1)*N) of the result, N a multiple of the segment; the last one is open at its end. Its
piece is cut by stream copy from a keyframe at or before its first frame. Pieces are NUT files: that container keeps
every codec's packets with their exact times, where MP4 begins each piece at 0 and Matroska rounds to milliseconds.
"""

import json
import math
from fractions import Fraction

from sluice.media import untrusted
from sluice.media.ladder import Plan
from sluice.media.source import Frozen, VideoStream

MAX_CHUNKS = 400  # a Map of them, each failing twice, stays below the 25,000 events that an execution may have
LEAD_S = 2  # a container's index seeks by decoding time, which is up to some frames before the time of showing
TAIL_S = 2  # the same at the other end: the last frames may be stored behind ones that are shown later
SHIFT_S = 10  # added to all times of a piece: a NUT file has none below zero, and B-frames start there
BUFFER_SHARE = 0.55  # of the rate buffer, measured: noise held at its cap, 30 s of it from within and on its own
MARGIN_FRAMES = 8  # decoded before a chunk's first frame: what deinterlacing and rounding look back at

_UNSAID = {"color_range": "tv", "sample_aspect_ratio": "1:1"}  # what decoders take where neither file nor codec says
_SAME = "codec_name,width,height,pix_fmt,sample_aspect_ratio,color_range,color_space,color_transfer,color_primaries"


class Window(Frozen):
    """The frames of the result that one task encodes."""

    start_s: Fraction
    length_s: Fraction | None  # None: up to the end of the source

    def frames_at(self, rate: Fraction) -> int | None:
        return None if self.length_s is None else _whole(self.length_s * rate)


class Copied(Frozen):
    """The largest rendition is a copy of the source: its chunks are the pieces, and the others follow it."""

    frames: tuple[int, ...]  # of each piece
    length_s: float


class ChunkedPlan(Frozen):
    """What the tasks of one plan need to know: the plan of the whole, and which chunk holds what."""

    plan: Plan
    windows: tuple[Window, ...]
    copied: Copied | None = None

    @property
    def encoded(self) -> Plan:
        """What a chunk's task makes."""
        return self.plan.model_copy(update={"video": self.plan.video[1 if self.copied else 0 :], "audio": ()})


def plan_windows(*, duration_s: float, rate: Fraction, segment_frames: int, chunk_s: float) -> tuple[Window, ...]:
    """In order. A tail shorter than half a chunk belongs to the chunk before it."""
    total = math.ceil(Fraction(duration_s) * rate)
    segments = max(1, math.floor(Fraction(chunk_s) * rate / segment_frames), _ceil(total, segment_frames * MAX_CHUNKS))
    frames = segments * segment_frames
    count = max(1, (total + frames // 2) // frames)
    return tuple(
        Window(start_s=number * frames / rate, length_s=frames / rate if number < count - 1 else None)
        for number in range(count)
    )


def cut_argv(
    ffmpeg: str, source: str, piece: str, video: VideoStream, window: Window, *, longest_s: float
) -> list[str]:
    start = max(Fraction(0), window.start_s + Fraction(video.start_s) - LEAD_S)
    until = (
        longest_s if window.length_s is None else window.start_s + window.length_s + Fraction(video.start_s) + TAIL_S
    )
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",
        "-y",
        "-v", "warning",
        *untrusted.INPUT_OPTIONS,
        "-copyts", "-start_at_zero",  # times as in the whole file, from its first one
        "-ss", f"{float(start):.6f}",
        "-t", f"{float(until - start):.6f}",
        "-i", source,
        "-map", f"0:{video.index}",
        "-c", "copy",
        "-map_metadata", "-1", "-map_chapters", "-1",
        "-output_ts_offset", str(SHIFT_S),
        "-f", "nut",
        piece,
    ]  # fmt: skip


def piece_options(video: VideoStream) -> list[str]:
    """Of the input, before `-i`."""
    turned = ["-display_rotation:v", str(video.rotation)] if video.rotation else []  # NUT keeps no matrix
    return ["-copyts", "-f", "nut", "-format_whitelist", "nut", *turned]


def look_argv(ffprobe: str, file: str, *, stream: int, piece: bool) -> list[str]:
    """The first packet of a picture's stream and what has to be the same in a piece and its source."""
    form = ["-f", "nut", "-format_whitelist", "nut"] if piece else []
    return [
        ffprobe,
        "-v", "error",
        *untrusted.INPUT_OPTIONS,
        *form,
        "-select_streams", str(stream),
        "-read_intervals", "%+#1",
        "-show_entries", f"stream={_SAME}:packet=pts_time,flags",
        "-of", "json",
        "-i", file,
    ]  # fmt: skip


def begins_in_time(look: str, video: VideoStream, window: Window) -> bool:
    """`look`: the answer about a piece. Its first packet is a keyframe, shown no later than the chunk's first frame.

    False for containers without an index that can be trusted: the piece would lack frames, and nobody would notice.
    """
    packets = json.loads(look).get("packets", [])
    if not packets or "pts_time" not in packets[0] or not packets[0]["flags"].startswith("K"):
        return False
    half_frame = Fraction(1, 2) / video.rate
    return float(packets[0]["pts_time"]) - SHIFT_S - video.start_s <= window.start_s + half_frame


def same_picture(look: str, source_look: str) -> bool:
    """The piece tells its decoder what the source does."""
    return bool(_stream(look) == _stream(source_look) != {})


def _stream(look: str) -> dict[str, object]:
    streams = json.loads(look).get("streams", [])
    return _UNSAID | {name: value for name, value in streams[0].items() if name in _SAME.split(",")} if streams else {}


def first_steps(video: VideoStream, window: Window, *, longest_s: float) -> list[str]:
    """Filters before anything is scaled: times from the first frame of the whole video, and little before the chunk."""
    steps = [f"setpts=min(PTS-{SHIFT_S + video.start_s:.6f}/TB\\,{longest_s:.0f}/TB)"]
    early = window.start_s - MARGIN_FRAMES / video.rate
    if not video.variable_rate and early > 0:  # else the frame that is shown at the start may be any time before it
        steps.append(f"trim=start={float(early):.6f}")
    return steps


def rate_steps(rate: Fraction, window: Window) -> list[str]:
    """Filters that make the chunk's frames of one rendition, from 0."""
    steps = [f"fps={rate.numerator}/{rate.denominator}:start_time={float(window.start_s):.6f}"]
    if (frames := window.frames_at(rate)) is not None:
        # A pause at the chunk's end: the last frame is shown until the next one, which only the next piece has.
        steps += ["tpad=stop=-1:stop_mode=clone", f"trim=end_frame={frames}"]
    return [*steps, "setpts=PTS-STARTPTS"]


def buffer_options(window: Window, *, buffer_kbits: int) -> list[str]:
    """How full the rate buffer is at the first frame.

    An encoder begins with one nine tenths full, which a film at its cap never has later on: each chunk of a minute
    would be 1.3 % larger than in one run.
    """
    return ["-rc_init_occupancy", str(round(buffer_kbits * 1000 * BUFFER_SHARE))] if window.start_s else []


def end_options(window: Window) -> list[str]:
    """Of a rendition that follows a copy: its last frame is shown until the next chunk begins.

    Else it would be as long as the copy's last one, also where every second frame is left out. The muxer asks for no
    other packet's duration, as it knows the next one.
    """
    if window.length_s is None:
        return []
    length = f"{window.length_s.numerator}/{window.length_s.denominator}"
    return ["-bsf:v", f"setts=pts=PTS:dts=DTS:duration={length}/TB+STARTDTS-DTS"]


def _whole(frames: Fraction) -> int:
    if frames.denominator != 1:
        raise ValueError(f"a chunk of {frames} frames")
    return frames.numerator


def _ceil(value: int, by: int) -> int:
    return -(-value // by)
