"""What settings of a profile must be to each other; the range of each by itself is checked where it comes in."""

from sluice.domain.encoding import EncodingSettings, VideoCodec
from sluice.domain.errors import FieldError


def faults(settings: EncodingSettings) -> list[FieldError]:
    """Pointers into the body of the profile routes."""
    return [*_codecs(settings), *_rungs(settings), *_segments(settings)]


def _codecs(settings: EncodingSettings) -> list[FieldError]:
    found = []
    if VideoCodec.H264 not in settings.codecs:
        found.append(FieldError("/codecs", "missing", "h264 must be among them: every player takes it."))
    if len(set(settings.codecs)) < len(settings.codecs):
        found.append(FieldError("/codecs", "duplicate", "A codec is named twice."))
    if settings.hdr == "keep" and set(settings.codecs) <= {VideoCodec.H264}:
        found.append(FieldError("/hdr", "not_allowed", "HDR is kept in hevc or av1, and codecs has neither."))
    return found


def _rungs(settings: EncodingSettings) -> list[FieldError]:
    if settings.rungs is None:
        return []
    sides = [rung.short_side for rung in settings.rungs]
    found = [
        FieldError(f"/rungs/{number}/short_side", "duplicate", "A rung above has the same short side.")
        for number, side in enumerate(sides)
        if side in sides[:number]
    ]
    if settings.max_height is not None and min(sides) > settings.max_height:
        found.append(FieldError("/max_height", "out_of_range", "Every rung is higher than that."))
    return found


def _segments(settings: EncodingSettings) -> list[FieldError]:
    """A segment begins with a keyframe."""
    gops = settings.segment_s / settings.gop_s
    if round(gops) >= 1 and abs(gops - round(gops)) < 1e-6:
        return []
    return [FieldError("/segment_s", "out_of_range", "A segment is a whole number of gop_s.")]
