"""Bodies of the encoding profile routes. Bitrates are kbit/s, as the field names of the domain's models say."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field

from functions.api_policies.models import Name
from sluice.domain.encoding import AudioSettings, EncodingProfile, EncodingSettings, RungSettings, VideoCodec
from sluice.http import RequestBody, ResponseBody, Timestamp, without_defaults
from sluice.service.encoding_profiles import NewProfile, ProfileChange

# Encoders take even sizes only. Below 144 nothing can be seen; above 2160 no level of H.264 that players take is left.
Side = Annotated[int, Field(strict=True, ge=144, le=2160, multiple_of=2)]
Kbps = Annotated[int, Field(strict=True, ge=50, le=100_000, description="kbit/s")]


def seconds(at_least: float, at_most: float) -> Any:
    return Field(strict=True, ge=at_least, le=at_most, allow_inf_nan=False)


class Rung(RequestBody):
    short_side: Side
    max_bitrate: Kbps

    def domain(self) -> RungSettings:
        return RungSettings(short_side=self.short_side, max_kbps=self.max_bitrate)


class Audio(RequestBody):
    bitrate: Annotated[int, Field(strict=True, ge=32, le=320, description="kbit/s, of AAC stereo.")] = 128
    surround: Annotated[
        Literal["drop", "passthrough"], Field(description="passthrough: 5.1 as it is, beside the stereo.")
    ] = "drop"
    loudness: Annotated[Literal["keep", "normalise"], Field(description="normalise: to -16 LUFS.")] = "keep"
    languages: Annotated[Literal["first", "all"], Field(description="all: one rendition for each language.")] = "first"

    def changes(self) -> dict[str, Any]:
        """As AudioSettings names them: those that were given."""
        fields = self.model_dump(exclude_unset=True)
        return {"stereo_kbps" if name == "bitrate" else name: value for name, value in fields.items()}


class ProfileFields(RequestBody):
    codecs: Annotated[
        list[VideoCodec], Field(min_length=1, max_length=3, description="h264 and, as extra rungs, others.")
    ] = [VideoCodec.H264]
    rungs: Annotated[list[Rung], Field(min_length=1, max_length=8, description="Null: the built-in ladder.")] | None = (
        None
    )
    max_height: Annotated[Side, Field(description="Of the short side.")] | None = None
    max_bitrate: Annotated[Kbps, Field(description="kbit/s, of each rung.")] | None = None
    max_fps: Annotated[float, seconds(1, 60)] = 60.0
    gop_s: Annotated[float, seconds(1, 5)] = 2.0
    segment_s: Annotated[float, seconds(2, 10)] = 6.0
    hdr: Annotated[Literal["sdr", "keep"], Field(description="keep: HDR rungs beside those in SDR.")] = "sdr"
    passthrough: Annotated[
        Literal["auto", "never"], Field(description="auto: a source that players take is the top rung as it is.")
    ] = "auto"
    quality: Literal["crf", "per_title"] = "crf"

    def changes(self) -> dict[str, Any]:
        """As EncodingSettings names them: those that were given."""
        fields = {name: getattr(self, name) for name in self.model_fields_set - {"name", "audio", "max_bitrate"}}
        if "codecs" in fields:
            fields |= {"codecs": tuple(self.codecs)}
        if self.rungs is not None:
            fields |= {"rungs": tuple(rung.domain() for rung in self.rungs)}
        if "max_bitrate" in self.model_fields_set:
            fields |= {"max_kbps": self.max_bitrate}
        return fields


class CreateEncodingProfile(ProfileFields):
    name: Name
    audio: Audio = Audio()

    def command(self, profile_id: str, tenant_id: str) -> NewProfile:
        settings = EncodingSettings(**self.changes(), audio=AudioSettings(**self.audio.changes()))
        return NewProfile(profile_id, tenant_id, self.name, settings)


class ChangeAudio(Audio):
    """Fields that are left out stay as they are."""

    model_config = ConfigDict(json_schema_extra=without_defaults)


class ChangeEncodingProfile(ProfileFields):
    """Fields that are left out stay as they are; null goes back to the built-in ladder, or takes a limit away."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = Field(default="")
    audio: ChangeAudio = ChangeAudio()

    def command(self, profile_id: str, tenant_id: str, versions: frozenset[int] | None) -> ProfileChange:
        return ProfileChange(
            profile_id=profile_id,
            tenant_id=tenant_id,
            versions=versions,
            name=self.name if "name" in self.model_fields_set else None,
            settings=self.changes(),
            audio=self.audio.changes(),
        )


class RungView(ResponseBody):
    short_side: int
    max_bitrate: int


class AudioView(ResponseBody):
    bitrate: int
    surround: str
    loudness: str
    languages: str


class EncodingProfileView(ResponseBody):
    encoding_profile_id: str
    version: int
    name: str
    archived: bool
    codecs: list[str]
    rungs: list[RungView] | None
    max_height: int | None
    max_bitrate: int | None
    max_fps: float
    gop_s: float
    segment_s: float
    audio: AudioView
    hdr: str
    passthrough: str
    quality: str
    created_at: Timestamp = Field(description="Of this version.")

    @classmethod
    def of(cls, profile: EncodingProfile, *, archived: bool = False) -> Self:
        settings, audio = profile.settings, profile.settings.audio
        rungs = None
        if settings.rungs is not None:
            rungs = [RungView(short_side=one.short_side, max_bitrate=one.max_kbps) for one in settings.rungs]
        return cls(
            encoding_profile_id=profile.id,
            version=profile.revision,
            name=profile.name,
            archived=archived,
            codecs=list(settings.codecs),
            rungs=rungs,
            max_bitrate=settings.max_kbps,
            audio=AudioView(bitrate=audio.stereo_kbps, **audio.model_dump(exclude={"stereo_kbps"})),
            **settings.model_dump(exclude={"codecs", "rungs", "max_kbps", "audio"}),
            created_at=profile.created_at,
        )
