"""What a source file is: ffprobe's argument lists, and its answers parsed into `SourceProbe` or a typed verdict.

`streams_argv` reads headers; `timing_argv` reads the timestamps of the first packets (constant or variable frame rate)
and, where the container has an index, of the last ones (a file cut short may still have its full index).
"""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from sluice.media import untrusted
from sluice.media.geometry import display_size, turn
from sluice.media.source import AudioStream, Frozen, SourceProbe, VideoStream
from sluice.media.timing import HEAD_PACKETS, FrameTiming, end_s, measure_rate
from sluice.media.verdicts import (
    Corrupt,
    Encrypted,
    NoStreams,
    NotVideo,
    TooComplex,
    TooLarge,
    TooLong,
    UnsupportedCodec,
)

# Containers whose stated duration comes from an index or header; elsewhere ffprobe estimates it from the bit rate.
_STATED_DURATION = frozenset({"mov", "matroska"})
_INDEXED = frozenset({"mov"})
_PROTECTION = "Encryption info"  # of a packet; the codec is named as if it could be decoded
_INTERLACED = frozenset({"tt", "bb", "tb", "bt"})

_COLOUR = re.compile(r"[a-z0-9-]+")
_UNSAID = frozenset({"unknown", "unspecified", "reserved", "gbr"})

_STREAM_FIELDS = (
    "index,codec_type,codec_name,width,height,coded_width,coded_height,sample_aspect_ratio,pix_fmt,field_order,"
    "color_transfer,color_primaries,color_space,"
    "r_frame_rate,avg_frame_rate,time_base,start_time,duration,nb_frames,sample_rate,channels"
)


def streams_argv(ffprobe: str, source: str) -> list[str]:
    return [
        ffprobe,
        "-v", "error",
        *untrusted.INPUT_OPTIONS,
        "-show_entries",
        f"stream={_STREAM_FIELDS}:stream_disposition=attached_pic:stream_side_data=rotation:stream_tags=language:"
        "format=format_name,start_time,duration",
        "-of", "json",
        "-i", source,
    ]  # fmt: skip


def timing_argv(ffprobe: str, source: str, headers: "Headers") -> list[str]:
    """Only for sources with a picture."""
    intervals = f"%+#{HEAD_PACKETS}"
    if (tail := headers.tail_from_s) is not None:
        intervals += f",{tail:.3f}%"
    return [
        ffprobe,
        "-v", "error",
        *untrusted.INPUT_OPTIONS,
        "-select_streams", str(headers.video_stream["index"]),
        "-read_intervals", intervals,
        "-show_entries", "packet=pts,dts,duration:packet_side_data=side_data_type",
        "-of", "json",
        "-i", source,
    ]  # fmt: skip


class Headers(Frozen):
    """The first run's answer, checked but not yet timed."""

    container: str
    start_s: float
    duration_s: float | None
    video: dict[str, Any] | None
    tracks: tuple[dict[str, Any], ...]

    @property
    def stated_s(self) -> float | None:
        return self.duration_s if self.container in _STATED_DURATION else None

    @property
    def video_stream(self) -> dict[str, Any]:
        if self.video is None:
            raise NoStreams
        return self.video

    @property
    def tail_from_s(self) -> float | None:
        """Where to look for the last frames; None if the container has no index that would betray a missing end."""
        end = self.expected_video_s
        return None if self.container not in _INDEXED or end is None else max(0.0, end - 1.0)

    @property
    def expected_video_s(self) -> float | None:
        """An edit list can shorten a track, so the shorter of track and file counts."""
        known = [d for d in (_number(self.video_stream.get("duration")), self.duration_s) if d is not None]
        return min(known, default=None)


def parse_streams(stdout: str, stderr: str, exit_code: int, *, head: bytes) -> Headers:
    """`head`: the file's first `untrusted.HEAD_BYTES`. Raises a verdict."""
    if untrusted.TOO_MANY_PIXELS in stderr:
        raise TooLarge
    if exit_code != 0 and untrusted.OUT_OF_MEMORY in stderr:
        raise TooComplex
    if exit_code != 0:
        raise Corrupt if untrusted.looks_like_media(head) else NotVideo
    answer = json.loads(stdout)
    streams: list[dict[str, Any]] = answer.get("streams", [])
    pictures = _usable([s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)], _video_supported)
    tracks = _usable([s for s in streams if s.get("codec_type") == "audio"], _audio_supported)
    if not pictures and not tracks:
        raise NoStreams
    info = answer.get("format", {})
    duration_s = _number(info.get("duration"))
    if duration_s is not None and duration_s > untrusted.MAX_DURATION_S:
        raise TooLong
    return Headers(
        container=str(info.get("format_name", "")).split(",")[0],
        start_s=_number(info.get("start_time")) or 0.0,
        duration_s=duration_s,
        video=pictures[0] if pictures else None,
        tracks=tuple(tracks),
    )


def parse_source(headers: Headers, timing_stdout: str | None) -> SourceProbe:
    """`timing_stdout`: the second run's answer, None for sources without a picture. Raises a verdict."""
    try:
        video = None if timing_stdout is None else _video(headers, timing_stdout)
        tracks = tuple(_audio(headers, track) for track in headers.tracks)
    except (ValidationError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Corrupt from error  # a stream that ffprobe could name but not describe
    if video is not None and video.coded_width * video.coded_height > untrusted.MAX_PIXELS:
        raise TooLarge  # ffprobe objects only to what it has to decode
    return SourceProbe(
        container=headers.container,
        duration_s=headers.duration_s,
        duration_stated=headers.stated_s is not None,
        video=video,
        tracks=tracks,
    )


def _video(headers: Headers, timing_stdout: str) -> VideoStream:
    stream = headers.video_stream
    packets = json.loads(timing_stdout).get("packets", [])
    if any(side["side_data_type"] == _PROTECTION for one in packets for side in one.get("side_data_list", [])):
        raise Encrypted
    time_base = Fraction(stream["time_base"])
    end, expected = end_s(packets, time_base), headers.expected_video_s
    if headers.tail_from_s is not None and expected is not None and cut_short(end - headers.start_s, expected):
        raise Corrupt
    timing: FrameTiming = measure_rate(
        packets, time_base, lowest=_rate(stream.get("r_frame_rate")), average=_rate(stream.get("avg_frame_rate"))
    )
    rotation = turn(stream)
    width, height = display_size(stream, rotation)
    return VideoStream(
        index=stream["index"],
        codec=stream["codec_name"],
        coded_width=stream.get("coded_width") or stream["width"],
        coded_height=stream.get("coded_height") or stream["height"],
        width=width,
        height=height,
        rotation=rotation,
        pixel_format=stream.get("pix_fmt"),
        transfer=_said(stream.get("color_transfer")),
        primaries=_said(stream.get("color_primaries")),
        matrix=_said(stream.get("color_space")),
        interlaced=stream.get("field_order") in _INTERLACED,
        rate=timing.rate,
        variable_rate=timing.variable,
        frame_count=int(stream["nb_frames"]) if "nb_frames" in stream else None,
        start_s=(_number(stream.get("start_time")) or headers.start_s) - headers.start_s,
        duration_s=headers.expected_video_s,
    )


def _audio(headers: Headers, stream: dict[str, Any]) -> AudioStream:
    return AudioStream(
        index=stream["index"],
        codec=stream["codec_name"],
        channels=stream["channels"],
        language=stream.get("tags", {}).get("language"),
        sample_rate=int(stream["sample_rate"]),
        start_s=(_number(stream.get("start_time")) or headers.start_s) - headers.start_s,
        duration_s=_number(stream.get("duration")),
    )


def cut_short(actual_s: float, expected_s: float) -> bool:
    """More is missing than rounding, a last long frame or a few damaged packets explain."""
    return expected_s - actual_s > 0.5 + 0.01 * expected_s


def _usable(streams: list[dict[str, Any]], supported: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Those that can be decoded; phones add a second sound track of a kind that only they know."""
    usable = [stream for stream in streams if supported(stream)]
    if streams and not usable:
        raise UnsupportedCodec
    return usable


def _video_supported(stream: dict[str, Any]) -> bool:
    return stream.get("codec_name") in untrusted.VIDEO_CODECS


def _audio_supported(stream: dict[str, Any]) -> bool:
    return untrusted.audio_supported(str(stream.get("codec_name")))


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _said(colour: Any) -> str | None:
    """A word that filters may be given."""
    return colour if isinstance(colour, str) and _COLOUR.fullmatch(colour) and colour not in _UNSAID else None


def _number(text: Any) -> float | None:
    return None if text is None else float(text)


def _rate(text: Any) -> Fraction | None:
    numerator, _, denominator = str(text).partition("/")
    if not (numerator.isdigit() and denominator.isdigit()) or int(numerator) == 0 or int(denominator) == 0:
        return None
    return Fraction(int(numerator), int(denominator))
