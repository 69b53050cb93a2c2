"""One size or one sound of a published version: what players choose between."""

from typing import Literal

from sluice.domain.model import Model


class Rendition(Model):
    name: str  # directory under the version's media prefix, e.g. "v720", "audio"
    kind: Literal["video", "audio"]
    codec: str  # RFC 6381, e.g. "avc1.64001f"
    bitrate: int  # average, bit/s, measured
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    language: str | None = None  # of sound, BCP 47
    channels: int = 2  # of sound
    version_id: str | None = None  # whose media prefix holds it; None: of the version that lists it
    digest: str | None = None  # of all its files' bytes; only an early version's have one, to be compared with
