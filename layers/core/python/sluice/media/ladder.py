"""Which renditions a source gets: the ladder as data, sizes, rate caps and H.264 levels.

A rung is named by its short side, so that a portrait video has the same rungs as a landscape one. Nothing is upscaled.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from sluice.media import untrusted
from sluice.media.probe import Frozen, SourceProbe


class Rung(NamedTuple):
    short_side: int
    max_kbps: int  # cap at up to 30 frames/s; the constant quality below it decides most of the time
    profile: str


LADDER: tuple[Rung, ...] = (
    Rung(1080, 5000, "high"),
    Rung(720, 2800, "high"),
    Rung(480, 1400, "high"),
    Rung(360, 800, "main"),  # the two lowest also serve old phones, which decode Main but not High
    Rung(240, 400, "main"),
)
CRF = 23
AUDIO = "audio"  # name of the sound rendition
NEARLY = Fraction(95, 100)  # 1072 or 478 lines are 1080 or 480 cropped: they keep their size and get that rung
HIGH_RATE = 30.5  # frames/s above which caps grow by half
MAX_LONG_SIDE = 4096  # what H.264 level 5.1 and hardware decoders take


class Level(NamedTuple):
    name: str
    frame_macroblocks: int
    macroblocks_per_s: int
    max_kbps: int  # Main profile; High may use 1.25 times as much, which is left as headroom


# ITU-T H.264 table A-1, from the first level that every player since 2010 has.
LEVELS: tuple[Level, ...] = (
    Level("3.0", 1620, 40_500, 10_000),
    Level("3.1", 3600, 108_000, 14_000),
    Level("3.2", 5120, 216_000, 20_000),
    Level("4.0", 8192, 245_760, 20_000),
    Level("4.2", 8704, 522_240, 50_000),
    Level("5.0", 22_080, 589_824, 135_000),
    Level("5.1", 36_864, 983_040, 240_000),
    Level("5.2", 36_864, 2_073_600, 240_000),
)


class VideoRendition(Frozen):
    name: str
    width: int
    height: int
    max_kbps: int
    profile: str
    level: str


def video_ladder(width: int, height: int, rate: Fraction) -> tuple[VideoRendition, ...]:
    """Renditions for a picture of this size as shown, largest first; always at least one."""
    short = min(width, height)
    fitting = [rung for rung in LADDER if short >= rung.short_side * NEARLY]
    if not fitting:
        return (_rendition(Rung(short, LADDER[-1].max_kbps, LADDER[-1].profile), width, height, rate),)
    return tuple(_rendition(rung, width, height, rate) for rung in fitting)


def _rendition(rung: Rung, width: int, height: int, rate: Fraction) -> VideoRendition:
    scale = min(Fraction(1), Fraction(rung.short_side, min(width, height)), Fraction(MAX_LONG_SIDE, max(width, height)))
    out_width, out_height = _even(width * scale, limit=width), _even(height * scale, limit=height)
    max_kbps = rung.max_kbps * 3 // 2 if rate > HIGH_RATE else rung.max_kbps
    return VideoRendition(
        name=f"v{rung.short_side}",
        width=out_width,
        height=out_height,
        max_kbps=max_kbps,
        profile=rung.profile,
        level=_level(out_width, out_height, rate, max_kbps),
    )


def _even(length: Fraction, *, limit: int) -> int:
    """The nearest even number (4:2:0 shares a chroma sample between two lines), but not above the source."""
    nearest = 2 * round(length / 2)
    return max(2, nearest - 2 if nearest > limit else nearest)


def _level(width: int, height: int, rate: Fraction, max_kbps: int) -> str:
    macroblocks = math.ceil(width / 16) * math.ceil(height / 16)
    for level in LEVELS:
        if (
            macroblocks <= level.frame_macroblocks
            and macroblocks * rate <= level.macroblocks_per_s
            # neither side may exceed sqrt(8 x frame size): excludes very wide pictures from low levels
            and (max(width, height) / 16) ** 2 <= 8 * level.frame_macroblocks
            and max_kbps <= level.max_kbps
        ):
            return level.name
    return LEVELS[-1].name


SEGMENT_TARGET_S = 6
GOPS_PER_SEGMENT = 3


class Plan(Frozen):
    """Everything the encoder and the packager need to know."""

    source: SourceProbe
    video: tuple[VideoRendition, ...]  # largest first; empty without a picture
    gop_frames: int | None
    segment_s: float
    audio: bool
    copied: bool = False  # the largest rendition is the source itself, copied; the others get its keyframes

    @property
    def encoded(self) -> tuple[VideoRendition, ...]:
        return self.video[1:] if self.copied else self.video

    @property
    def names(self) -> list[str]:
        """Of all renditions: directory names."""
        return [rendition.name for rendition in self.video] + ([AUDIO] if self.audio else [])

    @property
    def longest_s(self) -> float:
        """No honest source of this stated length plays longer."""
        stated = self.source.duration_s if self.source.duration_stated else None
        return untrusted.MAX_DURATION_S if stated is None else min(untrusted.MAX_DURATION_S, 60 + stated * 1.1)


def plan_transcode(source: SourceProbe) -> Plan:
    if source.video is None:
        return Plan(source=source, video=(), gop_frames=None, segment_s=float(SEGMENT_TARGET_S), audio=True)
    gop = gop_frames(source.video.rate)
    return Plan(
        source=source,
        video=video_ladder(source.video.width, source.video.height, source.video.rate),
        gop_frames=gop,
        segment_s=segment_seconds(gop, source.video.rate),
        audio=source.audio is not None,
    )


def gop_frames(rate: Fraction) -> int:
    """2 s rounded *up* to whole frames, so that three GOPs are never shorter than a 6 s segment: 48 at 23.976."""
    return math.ceil(Fraction(SEGMENT_TARGET_S, GOPS_PER_SEGMENT) * rate)


def segment_seconds(gop: int, rate: Fraction) -> float:
    """The exact length of three GOPs, rounded *down* to 0.1 ms.

    Packager starts a segment at the first keyframe after each multiple of this. A length above three GOPs would wait
    for a fourth; exactly 6 at 23.976 would drift until a segment had only two.
    """
    return math.floor(GOPS_PER_SEGMENT * gop / rate * 10_000) / 10_000
