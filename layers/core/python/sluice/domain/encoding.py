"""How a tenant wants its videos encoded: encoding profiles, whose revisions never change.

The defaults are the built-in profile, which every asset gets that asks for no other.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from sluice.domain.model import Model


class VideoCodec(StrEnum):
    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class RungSettings(Model):
    """One rendition of the ladder, per codec."""

    short_side: int  # pixels: a portrait video has the same rungs as a landscape one
    max_kbps: int  # cap at up to 30 frames/s, for H.264


class AudioSettings(Model):
    stereo_kbps: int = 128  # AAC
    surround: Literal["drop", "passthrough"] = "drop"  # passthrough: 5.1 AAC, AC-3 or E-AC-3 beside the stereo track
    loudness: Literal["keep", "normalise"] = "keep"  # normalise: EBU R 128, to -16 LUFS as streaming services ask for
    languages: Literal["first", "all"] = "first"  # all: one rendition per language tag


class EncodingSettings(Model):
    codecs: tuple[VideoCodec, ...] = (VideoCodec.H264,)  # H.264 is always among them; others are extra rungs
    rungs: tuple[RungSettings, ...] | None = None  # None: the built-in ladder
    max_height: int | None = None  # of the short side, pixels
    max_kbps: int | None = None  # cap on every rung
    max_fps: float = 60.0
    gop_s: float = 2.0  # targets: both are rounded up to whole frames of the source's exact rate
    segment_s: float = 6.0
    hdr: Literal["sdr", "keep"] = "sdr"  # keep: HDR rungs in HEVC or AV1 beside the SDR ones
    audio: AudioSettings = AudioSettings()
    passthrough: Literal["auto", "never"] = "auto"  # auto: a source that players can take as it is, is the top rung
    quality: Literal["crf", "per_title"] = "crf"


class ProfileRef(Model):
    """Exactly which settings: a revision of a profile never changes."""

    id: str
    revision: int


class EncodingProfile(Model):
    """One revision of a profile, shown as its `version`; a change makes the next revision, and the row stays."""

    id: str
    tenant_id: str
    revision: int
    name: str
    settings: EncodingSettings
    created_at: datetime
    version: int = 1

    @property
    def ref(self) -> ProfileRef:
        return ProfileRef(id=self.id, revision=self.revision)


class CurrentProfile(Model):
    """The newest revision of a profile that can be asked for; it goes when the profile is archived.

    `version` equals the revision: each change writes both rows.
    """

    profile: EncodingProfile
    version: int = 1
