"""What playback needs beside the records, as Protocols."""

from collections.abc import Mapping
from typing import Protocol

from sluice.domain.playback_tokens import Claims


class PlaylistFiles(Protocol):
    """Packager's playlists as stored under `playlists/`; immutable, so cacheable for ever."""

    def read(self, path: str) -> str:
        """Raises PlaybackNotFound."""
        ...


class PlaybackTokens(Protocol):
    def issue(self, claims: Claims) -> str: ...
    def read(self, token: str) -> Mapping[str, object]:
        """The payload of a token that we signed; its time is not checked. Raises PlaybackDenied."""
        ...


class UrlSigner(Protocol):
    def sign(self, resource: str, *, expires_at: int) -> str:
        """The query that opens every URL matching `resource` (`*` is a wildcard) until `expires_at` (Unix seconds)."""
        ...
