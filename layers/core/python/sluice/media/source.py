"""What a source file is, as far as its ladder depends on it."""

from fractions import Fraction

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoStream(Frozen):
    index: int
    codec: str
    coded_width: int
    coded_height: int
    width: int  # as shown: rotation and pixel shape applied
    height: int
    rotation: int  # degrees, one of 0, 90, 180, 270
    pixel_format: str | None
    transfer: str | None = None  # in ffprobe's words, as are the next two; None: it does not say
    primaries: str | None = None
    matrix: str | None = None
    interlaced: bool
    rate: Fraction  # frames per second; of a variable-rate source the nominal rate to convert to
    variable_rate: bool
    frame_count: int | None  # as stated by the container
    start_s: float  # after the first timestamp of the file
    duration_s: float | None


class AudioStream(Frozen):
    index: int
    codec: str
    channels: int
    language: str | None = None  # as the file has it
    sample_rate: int
    start_s: float
    duration_s: float | None


class SourceProbe(Frozen):
    container: str
    duration_s: float | None  # None: the file does not say
    duration_stated: bool  # False: an estimate; a shorter result then says nothing about damage
    video: VideoStream | None
    tracks: tuple[AudioStream, ...]  # of sound, in the file's order; only those that can be decoded

    @property
    def audio(self) -> AudioStream | None:
        return self.tracks[0] if self.tracks else None

    @property
    def start_s(self) -> float:
        """When the picture begins, or else the first sound, after the first timestamp of the file."""
        first = self.video or self.audio
        return first.start_s if first else 0.0
