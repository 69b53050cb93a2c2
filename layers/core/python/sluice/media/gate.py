"""Which H.264 sources players can take as they are, so that a stream copy may be published as the top rendition.

Rules in three groups, each after what it needs was paid for: headers, packets, and the copy itself. A refused source
is no bad one; it is encoded like any other.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from sluice.media.bitstream import Bitstream
from sluice.media.fragments import Sample, Track
from sluice.media.ladder import VideoRendition
from sluice.media.source import VideoStream
from sluice.media.source_packets import StreamPackets

MAX_LEVEL = 42  # 4.2: what phones decode in hardware
MAX_SEGMENT_S = 10  # a player waits for a whole one when it starts, seeks or switches
BUFFER_S = 2  # our own encodes may exceed their cap by a decoder buffer of this length
MORE_FRAMES = Fraction(102, 100)  # than the nominal rate has: a container's rounding over a short clip


class Refusal(StrEnum):
    """Why a source is not published as a copy."""

    SETTINGS = "settings"  # its profile asks for an encode
    NO_PICTURE = "no_picture"
    CONTAINER = "container"
    CODEC = "codec"
    PROFILE = "profile"
    SAMPLING = "sampling"  # not 8-bit 4:2:0 of limited range
    HDR = "hdr"
    LEVEL = "level"
    INTERLACED = "interlaced"
    ROTATED = "rotated"
    PIXEL_SHAPE = "pixel_shape"
    SIZE = "size"  # not exactly that of its rung
    RATE = "rate"  # more frames than its rung has
    TOO_LONG = "too_long"  # to look at every packet
    DISCARDED_PACKETS = "discarded_packets"  # an edit list hides pictures that others refer to
    MISSING_PTS = "missing_pts"
    DUPLICATE_PTS = "duplicate_pts"
    VARIABLE_RATE = "variable_rate"  # together with B-frames
    DAMAGED = "damaged"
    PARAMETER_SETS = "parameter_sets"
    OPEN_GOP = "open_gop"  # keyframes that are no IDR pictures crash Chromium's decoder at a switch
    SEGMENT_LENGTH = "segment_length"  # too few keyframes
    PEAK = "peak"  # more bits than its rung may have


class Segment(NamedTuple):
    start_s: Fraction  # from the first picture
    length_s: Fraction
    frames: int
    offset: int  # of its first picture in the file
    size: int  # bytes


def refuse_probed(container: str, video: VideoStream, top: VideoRendition) -> Refusal | None:
    """`top`: the rung that the copy would stand for."""
    rules = (
        (Refusal.CONTAINER, container not in ("mov", "matroska")),  # others have no exact timestamps
        (Refusal.CODEC, video.codec != "h264"),
        (Refusal.SAMPLING, video.pixel_format != "yuv420p"),
        (Refusal.ROTATED, video.rotation != 0),
        (Refusal.SIZE, (video.width, video.height) != (top.width, top.height)),  # as shown
        (Refusal.RATE, video.rate != top.rate),
    )
    return next((refusal for refusal, broken in rules if broken), None)


_HEADER_RULES: tuple[tuple[Refusal, Callable[[Mapping[str, str]], bool]], ...] = (
    (Refusal.PROFILE, lambda it: it.get("profile") not in ("Constrained Baseline", "Baseline", "Main", "High")),
    (Refusal.LEVEL, lambda it: int(it.get("level", "99")) > MAX_LEVEL),
    (Refusal.HDR, lambda it: it.get("color_transfer") in ("smpte2084", "arib-std-b67")),
    (Refusal.INTERLACED, lambda it: it.get("field_order") != "progressive"),
    (Refusal.PIXEL_SHAPE, lambda it: it.get("sample_aspect_ratio", "N/A") not in ("1:1", "0:1", "N/A")),
    (Refusal.ROTATED, lambda it: "Display Matrix" in it.values()),  # one that mirrors has no angle
)


def refuse_headers(picture: StreamPackets) -> Refusal | None:
    return next((refusal for refusal, breaks in _HEADER_RULES if breaks(picture.fields)), None)


def refuse_packets(picture: StreamPackets, top: VideoRendition) -> Refusal | None:
    packets, stated = picture.packets, picture.fields.get("nb_frames", "N/A")
    if packets.discarded:
        return Refusal.DISCARDED_PACKETS
    if stated.isdigit() and int(stated) != packets.count:
        return Refusal.DISCARDED_PACKETS  # those behind the end of an edit are not even listed
    stamps = packets.stamps
    if len(stamps) != packets.count or not stamps:
        return Refusal.MISSING_PTS
    shown = array("q", sorted(stamps))
    if any(one == other for one, other in pairwise(shown)):
        return Refusal.DUPLICATE_PTS
    if stamps != shown and not constant_rate(shown):
        return Refusal.VARIABLE_RATE
    length_s = (shown[-1] - shown[0]) * picture.time_base
    if len(stamps) - 1 > length_s * top.rate * MORE_FRAMES:
        return Refusal.RATE
    # The average, before the copy is paid for; each segment is looked at later.
    return Refusal.PEAK if _too_many_bits(packets.size_bytes, length_s, top) else None


def refuse_copy(
    track: Track, bitstream: Bitstream, picture: StreamPackets, *, top: VideoRendition, segment_s: float
) -> Refusal | None:
    """`track`: the copy; `segment_s`: as Packager will be told."""
    if len(track.samples) != picture.packets.count:
        return Refusal.DAMAGED
    if len({sample.pts for sample in track.samples}) != len(track.samples):
        return Refusal.DUPLICATE_PTS
    if (bitstream.sequence_sets, bitstream.picture_sets) != (1, 1):
        return Refusal.PARAMETER_SETS
    if not bitstream.idr[0] or any(
        idr != sample.sync for idr, sample in zip(bitstream.idr, track.samples, strict=True)
    ):
        return Refusal.OPEN_GOP
    parts = segments(track, segment_s)
    if any(part.length_s > MAX_SEGMENT_S for part in parts):
        return Refusal.SEGMENT_LENGTH
    return Refusal.PEAK if any(_too_many_bits(part.size, part.length_s, top) for part in parts) else None


def segments(track: Track, segment_s: float) -> list[Segment]:
    """As Packager cuts them: each begins at the first keyframe at or behind a multiple of `segment_s`."""
    first = min(sample.pts for sample in track.samples)
    stamps = sorted(sample.pts for sample in track.samples)
    last_step = stamps[-1] - stamps[-2] if len(stamps) > 1 else 0
    groups = list(_groups(track.samples, first, int(segment_s * track.timescale)))
    starts = [group[0].pts for group in groups] + [stamps[-1] + last_step]
    return [
        Segment(
            start_s=Fraction(start - first, track.timescale),
            length_s=Fraction(after - start, track.timescale),
            frames=len(group),
            offset=group[0].offset,
            size=sum(sample.size for sample in group),
        )
        for group, (start, after) in zip(groups, pairwise(starts), strict=True)
    ]


def _groups(samples: Sequence[Sample], first: int, length: int) -> Iterator[list[Sample]]:
    """A keyframe is the first of its segment in order of decoding and of presentation: GOPs are closed here."""
    group: list[Sample] = []
    multiple = 0
    for sample in samples:
        if group and sample.sync and (sample.pts - first) // length != multiple:
            yield group
            group = []
            multiple = (sample.pts - first) // length
        group.append(sample)
    yield group


def _too_many_bits(size: int, length_s: Fraction, top: VideoRendition) -> bool:
    return size * 8 > top.max_kbps * 1000 * (length_s + BUFFER_S)


def constant_rate(stamps: Sequence[int]) -> bool:
    """Of stamps in order. One tick of rounding on either side is jitter of the container's clock, not of the camera."""
    if len(stamps) < 2:
        return True
    typical = Fraction(stamps[-1] - stamps[0], len(stamps) - 1)
    slack = max(Fraction(11, 10), typical / 50)
    least, most = ceil(typical - slack), floor(typical + slack)  # whole ticks: a day of fractions takes seconds
    return all(least <= after - before <= most for before, after in pairwise(stamps))
