"""Bodies of the playback routes."""

from typing import Annotated, Self

from pydantic import Field

from sluice.domain.playback_tokens import DEFAULT_TTL_S, MAX_TTL_S, MIN_TTL_S
from sluice.http import RequestBody, ResponseBody, Timestamp
from sluice.service.playback_sessions import PlaybackSession


class CreatePlaybackSession(RequestBody):
    playback_id: str
    ttl_s: Annotated[
        int,
        Field(
            strict=True,
            ge=MIN_TTL_S,
            le=MAX_TTL_S,
            description="How long the URLs can be opened; what was opened in time plays on to its end.",
        ),
    ] = DEFAULT_TTL_S


class PlaybackSessionView(ResponseBody):
    session_id: str
    playback_id: str
    hls_url: str
    dash_url: str
    poster_url: str | None = Field(description="JPEG. Null for an asset without pictures.")
    storyboard_url: str | None = Field(description="WebVTT thumbnails track: tiles of JPEG sheets along the time line.")
    preview_url: str | None = Field(description="A few silent seconds as MP4; the same as WebP by .webp for .mp4.")
    expires_at: Timestamp

    @classmethod
    def of(cls, session: PlaybackSession) -> Self:
        return cls(
            session_id=session.id,
            playback_id=session.playback_id,
            hls_url=session.hls_url,
            dash_url=session.dash_url,
            poster_url=session.poster_url,
            storyboard_url=session.storyboard_url,
            preview_url=session.preview_url,
            expires_at=session.expires_at,
        )
