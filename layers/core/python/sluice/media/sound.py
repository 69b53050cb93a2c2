"""Which sound renditions a source gets: AAC stereo per language, and 5.1 as it is where the settings ask."""

from collections.abc import Iterator
from typing import Literal

from sluice.domain.encoding import AudioSettings
from sluice.media.languages import Language, language_of
from sluice.media.source import AudioStream, Frozen

AUDIO = "audio"  # name of the first sound rendition, and of the group that players choose one from
SURROUND = "surround"  # group of the 5.1 renditions: a device that cannot decode them never meets one
_SURROUND_CODECS = frozenset({"aac", "ac3", "eac3"})  # what HLS and DASH players know in MP4
_SURROUND_CHANNELS = 6


class AudioRendition(Frozen):
    name: str
    index: int  # of the source's stream
    language: str | None  # BCP 47, of one tag: "en", "yue"; None: the source does not say
    label: str  # for people
    channels: int
    mode: Literal["encode", "copy"]
    kbps: int  # of an encoded one; of a copied one what it may take at most
    group: str = AUDIO
    default: bool = False  # which one a player starts with, if the viewer's language is not among them
    normalised: bool = False  # to one loudness
    gain_db: float = 0.0  # which that takes, once it is measured


_COPIED_KBPS = 1536  # E-AC-3 in streaming has at most 1024, DVDs' AC-3 448


def audio_renditions(tracks: tuple[AudioStream, ...], settings: AudioSettings) -> tuple[AudioRendition, ...]:
    chosen = list(_by_language(tracks)) if settings.languages == "all" else list(tracks[:1])
    stereo = [_stereo(track, position, settings) for position, track in enumerate(chosen)]
    if settings.surround == "drop":
        return tuple(stereo)
    copied = [
        _surround(track, made) for made, first in zip(stereo, chosen, strict=True) for track in _six(tracks, first)
    ]
    # All or none: a viewer whose device takes the group would miss the languages that it lacks.
    return (*stereo, *copied) if len(copied) == len(stereo) else tuple(stereo)


def _by_language(tracks: tuple[AudioStream, ...]) -> Iterator[AudioStream]:
    """The first track of each language; the others are commentaries and the same in other codings."""
    seen: set[str | None] = set()
    for track in tracks:
        tag = _language(track).tag
        if tag not in seen:
            seen.add(tag)
            yield track


def _six(tracks: tuple[AudioStream, ...], first: AudioStream) -> list[AudioStream]:
    """At most one: 5.1 of the same language."""
    same = [track for track in tracks if _language(track).tag == _language(first).tag]
    usable = [t for t in same if t.channels == _SURROUND_CHANNELS and t.codec in _SURROUND_CODECS]
    return usable[:1]


def _stereo(track: AudioStream, position: int, settings: AudioSettings) -> AudioRendition:
    language = _language(track)
    return AudioRendition(
        name=f"{AUDIO}-{language.tag or 'und'}" if position else AUDIO,
        index=track.index,
        language=language.tag,
        label=language.label,
        channels=2,
        mode="encode",
        kbps=settings.stereo_kbps,
        default=position == 0,
        normalised=settings.loudness == "normalise",
    )


def _surround(track: AudioStream, stereo: AudioRendition) -> AudioRendition:
    return stereo.model_copy(
        update={
            "name": f"{stereo.name}-51",
            "index": track.index,
            "label": f"{stereo.label} 5.1",
            "channels": track.channels,
            "mode": "copy",
            "kbps": _COPIED_KBPS,
            "group": SURROUND,
            "normalised": False,
        }
    )


def _language(track: AudioStream) -> Language:
    return language_of(track.language)
