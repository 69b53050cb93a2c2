"""Which renditions a source gets: the ladder as data, sizes, rates and caps per codec.

A rung is named by its short side, so that a portrait video has the same rungs as a landscape one. Nothing is upscaled.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from sluice.domain.encoding import EncodingSettings, VideoCodec
from sluice.media import untrusted
from sluice.media.colour import is_hdr
from sluice.media.grid import Grid, exact, grid
from sluice.media.levels import h264_level
from sluice.media.sound import AudioRendition, audio_renditions
from sluice.media.source import Frozen, SourceProbe, VideoStream


class Rung(NamedTuple):
    short_side: int
    max_kbps: int  # cap at up to 30 frames/s; the constant quality below it decides most of the time

    @property
    def profile(self) -> str:
        return "main" if self.short_side <= OLD_PHONES else "high"


OLD_PHONES = 360  # the lowest rungs also serve those, which decode Main but not High
LADDER: tuple[Rung, ...] = (Rung(1080, 5000), Rung(720, 2800), Rung(480, 1400), Rung(360, 800), Rung(240, 400))


class Coding(NamedTuple):
    """How a codec's renditions are named, and what it needs for H.264's quality.

    CRF: by VMAF, 0.3 below to 2.5 above H.264's on two real clips of 720 and 480 lines (`tests/bench/codec_quality`).
    """

    prefix: str
    crf: int
    cap: Fraction  # of the H.264 cap


CODINGS: dict[VideoCodec, Coding] = {
    VideoCodec.H264: Coding("v", 23, Fraction(1)),
    VideoCodec.HEVC: Coding("hevc", 28, Fraction(2, 3)),
    VideoCodec.AV1: Coding("av", 42, Fraction(3, 5)),
}
NEARLY = Fraction(95, 100)  # 1072 or 478 lines are 1080 or 480 cropped: they keep their size and get that rung
HIGH_RATE = 30.5  # frames/s above which caps grow by half
HALVED_FROM = 47  # frames/s: of such a source the low rungs show every second frame; half of less would stutter
HALVED_UP_TO = 480  # short side
SAME_RATE = Fraction(101, 100)  # 30 is no more than 29.97
MAX_LONG_SIDE = 4096  # what H.264 level 5.1 and hardware decoders take


class Choice(NamedTuple):
    codec: VideoCodec
    hdr: bool

    @property
    def profile(self) -> str:
        """Of HEVC and AV1; AV1's main one has 10 bits, too."""
        return "main10" if self.hdr and self.codec is VideoCodec.HEVC else "main"


class VideoRendition(Frozen):
    name: str
    codec: VideoCodec
    width: int
    height: int
    rate: Fraction  # frames/s
    gop_frames: int  # at that rate
    crf: int
    max_kbps: int
    profile: str
    level: str | None  # None: the encoder states the lowest that holds
    hdr: bool = False  # 10 bits, in the source's own colours


class Plan(Frozen):
    """Everything the encoder and the packager need to know."""

    source: SourceProbe
    video: tuple[VideoRendition, ...]  # largest first, H.264 first in each size; empty without a picture
    audio: tuple[AudioRendition, ...]  # the one that players begin with first; empty without sound
    rate: Fraction | None  # frames/s of the grid that all renditions' frames lie on; None without a picture
    segment_s: float
    gops_per_segment: int
    from_copy: bool = False  # what is encoded has the timestamps and keyframes of the copied top rendition
    b_frames: bool = True  # at uneven times they move the moments at which Packager cuts

    @property
    def names(self) -> list[str]:
        """Of all renditions: directory names."""
        return [made.name for made in self.video] + [made.name for made in self.audio]

    @property
    def gop_frames(self) -> int | None:
        """Of the largest rendition."""
        return self.video[0].gop_frames if self.video else None

    @property
    def longest_s(self) -> float:
        """No honest source of this stated length plays longer."""
        stated = self.source.duration_s if self.source.duration_stated else None
        return untrusted.MAX_DURATION_S if stated is None else min(untrusted.MAX_DURATION_S, 60 + stated * 1.1)


def plan_transcode(source: SourceProbe, settings: EncodingSettings) -> Plan:
    audio = audio_renditions(source.tracks, settings.audio)
    if source.video is None:
        gops = math.ceil(exact(settings.segment_s) / exact(settings.gop_s))
        segment_s = float(settings.segment_s)
        return Plan(source=source, video=(), audio=audio, rate=None, segment_s=segment_s, gops_per_segment=gops)
    rungs = rungs_of(source.video, settings)
    rate = limited_rate(source.video.rate, settings.max_fps)
    halved = tuple(rung for rung in rungs if halves(rung, rungs, rate))
    lines = grid(rate, gop_s=settings.gop_s, segment_s=settings.segment_s, halved=bool(halved))
    return Plan(
        source=source,
        video=video_ladder(source.video, settings, rungs, lines, halved=halved),
        audio=audio,
        rate=rate,
        segment_s=lines.segment_s,
        gops_per_segment=lines.gops_per_segment,
    )


def limited_rate(rate: Fraction, max_fps: float) -> Fraction:
    """Every second, third… frame: uneven steps would stutter."""
    return rate / math.ceil(rate / (exact(max_fps) * SAME_RATE))


def rungs_of(video: VideoStream, settings: EncodingSettings) -> tuple[Rung, ...]:
    """Largest first; at least one: of the source's own size if every rung is larger."""
    wanted = LADDER if settings.rungs is None else tuple(Rung(r.short_side, r.max_kbps) for r in settings.rungs)
    ordered = sorted(wanted, reverse=True)
    short = min(video.width, video.height)
    most = min(short, settings.max_height or short)
    fitting = tuple(r for r in ordered if r.short_side <= most or (most == short >= r.short_side * NEARLY))
    return fitting or (Rung(most, ordered[-1].max_kbps),)


def halves(rung: Rung, rungs: tuple[Rung, ...], rate: Fraction) -> bool:
    """The largest keeps what the source has."""
    return rate >= HALVED_FROM and rung.short_side <= HALVED_UP_TO and rung != rungs[0]


def video_ladder(
    video: VideoStream, settings: EncodingSettings, rungs: tuple[Rung, ...], lines: Grid, *, halved: tuple[Rung, ...]
) -> tuple[VideoRendition, ...]:
    keeps_hdr = settings.hdr == "keep" and is_hdr(video)
    choices = [Choice(codec, keeps_hdr and codec is not VideoCodec.H264) for codec in _codecs(settings, keeps_hdr)]
    return tuple(
        _rendition(rung, choice, video, rate=lines.rate / step, gop=lines.gop_frames // step, most=settings.max_kbps)
        for rung in rungs
        for step in (2 if rung in halved else 1,)
        for choice in choices
    )


def _codecs(settings: EncodingSettings, keeps_hdr: bool) -> list[VideoCodec]:
    wanted = {VideoCodec.H264, *settings.codecs}
    if keeps_hdr and wanted == {VideoCodec.H264}:
        wanted.add(VideoCodec.HEVC)  # the one that devices with an HDR screen decode
    return [codec for codec in VideoCodec if codec in wanted]


def _rendition(
    rung: Rung, choice: Choice, video: VideoStream, *, rate: Fraction, gop: int, most: int | None
) -> VideoRendition:
    short, long = sorted((video.width, video.height))
    scale = min(Fraction(1), Fraction(rung.short_side, short), Fraction(MAX_LONG_SIDE, long))
    width, height = _even(video.width * scale, limit=video.width), _even(video.height * scale, limit=video.height)
    coding = CODINGS[choice.codec]
    h264 = choice.codec is VideoCodec.H264
    kbps = rung.max_kbps * (Fraction(3, 2) if rate > HIGH_RATE else 1) * coding.cap
    max_kbps = math.floor(min(kbps, most or kbps))
    return VideoRendition(
        name=f"{coding.prefix}{rung.short_side}",
        codec=choice.codec,
        width=width,
        height=height,
        rate=rate,
        gop_frames=gop,
        crf=coding.crf,
        max_kbps=max_kbps,
        profile=rung.profile if h264 else choice.profile,
        level=h264_level(width, height, rate, max_kbps) if h264 else None,
        hdr=choice.hdr,
    )


def _even(length: Fraction, *, limit: int) -> int:
    """The nearest even number (4:2:0 shares a chroma sample between two lines), but not above the source."""
    nearest = 2 * round(length / 2)
    return max(2, nearest - 2 if nearest > limit else nearest)
