"""From a request to a finished JPEG: take the frame or the sent picture, decode and encode it anew, show it.

Safe to repeat at any point: what has ended is left alone, and the row's version lets one of two at once end it.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sluice.domain.errors import AssetNotPlayable, ErrorClass, ProviderFailure, SluiceError
from sluice.domain.models import Asset, ErrorInfo
from sluice.domain.picture_errors import NoFrame, NotPicture, PictureTooComplex, PictureTooLarge
from sluice.domain.thumbnails import MOST_BYTES, Thumbnail
from sluice.domain.tools import Binaries, ToolLimitExceeded, ToolLimits, ToolOutput, ToolTask
from sluice.media import thumbnails as media
from sluice.media.untrusted import OUT_OF_MEMORY, TOO_MANY_PIXELS
from sluice.service.publishing import IMMUTABLE
from sluice.service.thumbnail_ending import EndingPorts, end_thumbnail, waiting
from sluice.service.thumbnail_ports import OpenStorage, Published, ThumbnailStorage
from sluice.service.thumbnails import watched_version
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)

LIMITS = ToolLimits(deadline_s=25, memory_bytes=2 << 30, file_bytes=64 << 20)  # a frame of 4K takes 0.4 GB


@dataclass(frozen=True, kw_only=True)
class MakingDeps(EndingPorts):
    storage: OpenStorage
    scratch: Callable[[], AbstractContextManager[Path]]  # an empty directory, removed after
    tools: Tools
    binaries: Binaries


def make_thumbnail(*, tenant_id: str, asset_id: str, thumbnail_id: str, deps: MakingDeps) -> None:
    """Raises ProviderFailure, ToolNotStarted: then it is tried again."""
    found = waiting(tenant_id, asset_id, thumbnail_id, deps.records)
    if found is None:
        logger.info("thumbnail_over", extra={"thumbnail_id": thumbnail_id})
        return
    thumbnail, asset = found
    error = None
    try:
        with deps.scratch() as work:
            _make(thumbnail, asset, work, deps)
    except SluiceError as refused:
        if refused.error_class is ErrorClass.PROVIDER:
            raise
        error = ErrorInfo.of(refused)
    end_thumbnail(thumbnail, error, ports=deps)
    logger.info("thumbnail_ended", extra={"thumbnail_id": thumbnail_id, "code": error and error.code})


def _make(thumbnail: Thumbnail, asset: Asset, work: Path, deps: MakingDeps) -> None:
    if thumbnail.time_s is None:
        storage = deps.storage(thumbnail, None)
        argv = _sent(thumbnail, storage, work, deps)
    else:
        storage, argv = _frame(thumbnail, thumbnail.time_s, asset, work, deps)
    _run(argv, work, deps, refused=NotPicture if thumbnail.time_s is None else NoFrame)
    storage.media.put_file(
        thumbnail.media_key,
        work / media.RESULT,
        content_type="image/jpeg",
        cache_control=IMMUTABLE,
        metadata={"correlation-id": thumbnail.correlation_id, "thumbnail-id": thumbnail.id},
    )


def _sent(thumbnail: Thumbnail, storage: ThumbnailStorage, work: Path, deps: MakingDeps) -> list[str]:
    picture = work / "picture"
    storage.sent.download(thumbnail.upload_key, picture)
    with picture.open("rb") as file:
        head = file.read(media.HEAD_BYTES)
    if picture.stat().st_size > MOST_BYTES or not media.looks_like_jpeg(head):
        raise NotPicture()
    return media.picture_argv(deps.binaries.ffmpeg, picture.name)


def _frame(
    thumbnail: Thumbnail, time_s: float, asset: Asset, work: Path, deps: MakingDeps
) -> tuple[ThumbnailStorage, list[str]]:
    """From the segment that holds it, and no more of the video."""
    try:
        version = watched_version(asset, deps.records)
    except AssetNotPlayable as error:
        raise NoFrame() from error
    rendition = media.source_of(version.renditions)
    if rendition is None:
        raise NoFrame()
    published = Published(
        playlist=f"{version.playlists_prefix}{rendition.name}.m3u8", prefix=version.rendition_prefix(rendition)
    )
    storage = deps.storage(thumbnail, published)
    playlist = work / "playlist"
    storage.published.download(published.playlist, playlist)
    place = media.find_frame(playlist.read_text(), time_s)
    if place is None:
        raise NoFrame()
    segment = work / "segment"
    with segment.open("wb") as joined:
        for name in (place.initialization, place.segment):
            storage.published.download(published.prefix + name.removeprefix(f"{rendition.name}/"), work / "part")
            joined.write((work / "part").read_bytes())
    return storage, media.frame_argv(deps.binaries.ffmpeg, segment.name, place.at_s)


def _run(argv: list[str], work: Path, deps: MakingDeps, *, refused: type[SluiceError]) -> None:
    """Raises PictureTooLarge, PictureTooComplex, `refused`, ProviderFailure."""
    try:
        ended = deps.tools.run(ToolTask(argv=tuple(argv), cwd=work, limits=LIMITS))
    except ToolLimitExceeded as error:
        raise PictureTooComplex() from error
    made = work / media.RESULT
    if ended.exit_code == 0 and made.exists() and made.stat().st_size > 0:
        return
    raise _verdict(ended, refused)


def _verdict(ended: ToolOutput, refused: type[SluiceError]) -> SluiceError:
    if TOO_MANY_PIXELS in ended.stderr_tail:
        return PictureTooLarge()
    if OUT_OF_MEMORY in ended.stderr_tail:
        return PictureTooComplex()
    if "No space left on device" in ended.stderr_tail:
        return ProviderFailure("The disk was full.")
    return refused()
