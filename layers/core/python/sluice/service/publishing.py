"""Putting finished media into the media bucket: keys, content types, order, and nothing that ever changes again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from sluice.domain.models import AssetVersion, Rendition
from sluice.media.packager import INIT_SEGMENT
from sluice.service.storage_ports import MediaObjects

IMMUTABLE = "public, max-age=31536000, immutable"  # a new version has new keys
PARALLEL_PUTS = 8

_PICTURE_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4", ".webp": "image/webp"}
_PLAYLIST_TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml"}


class Output(NamedTuple):
    key: str
    path: Path
    content_type: str


def outputs(directory: Path, version: AssetVersion) -> Iterator[Output]:
    """Media first, playlists last: what a playlist names is already there."""
    for rendition in version.renditions:
        if rendition.version_id is not None:
            continue  # its bytes are stored already
        for path in sorted((directory / rendition.name).iterdir()):
            key = f"{version.media_prefix}{rendition.name}/{path.name}"
            yield Output(key, path, _media_type(rendition, path.name))
    for name in version.pictures:
        path = directory / name
        yield Output(version.media_prefix + name, path, _PICTURE_TYPES[path.suffix])
    for path in sorted(directory.iterdir()):
        if path.suffix in _PLAYLIST_TYPES:
            yield Output(version.playlists_prefix + path.name, path, _PLAYLIST_TYPES[path.suffix])


def upload_outputs(
    wanted: list[Output], *, media: MediaObjects, metadata: dict[str, str], on_share: Callable[[float], None]
) -> None:
    """Ends at the first failure, and at an exception raised in this thread, without starting further puts."""
    pool = ThreadPoolExecutor(PARALLEL_PUTS, thread_name_prefix="put")
    try:
        running = [
            pool.submit(
                media.put_file,
                output.key,
                output.path,
                content_type=output.content_type,
                cache_control=IMMUTABLE,
                metadata=metadata,
            )
            for output in wanted
        ]
        for done, future in enumerate(as_completed(running), start=1):
            future.result()
            on_share(done / len(running))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _media_type(rendition: Rendition, file: str) -> str:
    if rendition.kind == "audio":
        return "audio/mp4"
    return "video/mp4" if file == INIT_SEGMENT else "video/iso.segment"
