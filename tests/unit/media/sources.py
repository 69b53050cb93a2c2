"""A probed source to plan from: 640x360 at 25 frames/s, 10 s, stereo."""

from fractions import Fraction
from typing import Any

from sluice.domain.encoding import EncodingSettings
from sluice.media.ladder import Plan, plan_transcode
from sluice.media.source import AudioStream, SourceProbe, VideoStream

VIDEO = VideoStream(
    index=0,
    codec="h264",
    coded_width=640,
    coded_height=360,
    width=640,
    height=360,
    rotation=0,
    pixel_format="yuv420p",
    interlaced=False,
    rate=Fraction(25),
    variable_rate=False,
    frame_count=250,
    start_s=0.0,
    duration_s=10.0,
)
AUDIO = AudioStream(index=1, codec="aac", channels=2, sample_rate=48_000, start_s=0.0, duration_s=10.0)


def source(**changes: Any) -> SourceProbe:
    whole = SourceProbe(container="mov", duration_s=10.0, duration_stated=True, video=VIDEO, tracks=(AUDIO,))
    return whole.model_copy(update=changes)


def video(**changes: Any) -> VideoStream:
    return VIDEO.model_copy(update=changes)


def planned(found: SourceProbe | None = None, **settings: Any) -> Plan:
    return plan_transcode(found or source(), EncodingSettings(**settings))
