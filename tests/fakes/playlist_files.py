"""Stored playlists in memory; passes the same contract suite as the S3 one."""

from sluice.domain.errors import PlaybackNotFound


class FakePlaylistFiles:
    def __init__(self, files: dict[str, str] | None = None) -> None:
        self.files = files or {}

    def read(self, path: str) -> str:
        if path not in self.files:
            raise PlaybackNotFound()
        return self.files[path]
