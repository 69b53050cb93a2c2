"""The two buckets as whoever makes a version sees them."""

from pathlib import Path
from typing import NamedTuple, Protocol


class SourceObjects(Protocol):
    """The uploads bucket, read only."""

    def download(self, key: str, path: Path) -> None:
        """Raises ProviderFailure."""
        ...


class MediaObjects(Protocol):
    """The media bucket."""

    def put_file(
        self, key: str, path: Path, *, content_type: str, cache_control: str, metadata: dict[str, str]
    ) -> None:
        """Called from several threads at once. Raises ProviderFailure."""
        ...


class Storage(NamedTuple):
    sources: SourceObjects
    media: MediaObjects
