"""s3:// to S3: the bytes stay inside S3, copied in parts of one and the same state of the source."""

from collections.abc import Callable, Mapping

from sluice.domain.errors import UrlNotAllowed
from sluice.domain.parts import MIB, part_count, part_length, part_size_for
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadClosed
from sluice.service.fetch_steps import SourceFacts, adopt, most_bytes, source_of, still_ours, too_large
from sluice.service.fetch_task import FetchPorts
from sluice.service.fetch_watch import Watch
from sluice.service.part_uploads import PartUploads
from sluice.service.source_ports import SourceObject

SCHEME = "s3://"
SMALLEST_PART = 64 * MIB
COPIES_AT_ONCE = 8


def is_object_url(url: str) -> bool:
    return url.startswith(SCHEME)


def copy_object(upload: Upload, ports: FetchPorts) -> tuple[Upload, int]:
    """The upload as its parts are stored now, and how many bytes they are.

    Raises FetchOver, ProviderFailure, UrlNotAllowed, SourceRefused, SourceChanged, or what the upload's rules refuse.
    """
    bucket, _, key = source_of(upload).url.removeprefix(SCHEME).partition("/")
    if bucket not in ports.limits.ingest_buckets or not key:
        raise UrlNotAllowed("Nothing can be copied from this bucket.")
    source = ports.copies.find(bucket, key)
    most = most_bytes(upload, ports.limits)
    if source.size > most:
        raise too_large(most)
    stored = _stored_sizes(upload, source, ports)
    if stored is None:
        part_size = max(SMALLEST_PART, part_size_for(source.size))
        upload = adopt(upload, SourceFacts(source.size, source.content_type, source.etag, part_size), ports)
    try:
        _copy_parts(upload, source, stored or {}, ports)
    except UploadClosed:
        still_ours(upload, ports)
        raise
    return upload, source.size


def _stored_sizes(upload: Upload, source: SourceObject, ports: FetchPorts) -> dict[int, int] | None:
    """By number, what an earlier attempt has copied of this state of the source; None: begin anew."""
    if not upload.multipart_id or source_of(upload).validator != source.etag:
        return None
    try:
        return {part.number: part.size for part in ports.objects.parts(upload.key, upload.multipart_id)}
    except UploadClosed:
        return None


def _copy_parts(upload: Upload, source: SourceObject, stored: Mapping[int, int], ports: FetchPorts) -> None:
    size, part_size, watch = source.size, upload.part_size, Watch(ports)
    with PartUploads(COPIES_AT_ONCE) as parts:
        for number in range(1, part_count(size, part_size) + 1):
            watch.tick(upload, (number - 1) * part_size)
            if stored.get(number) != part_length(size, part_size, number):
                parts.submit(_copying(upload, source, number, ports))
        parts.drain()
    watch.end(upload, size)


def _copying(upload: Upload, source: SourceObject, number: int, ports: FetchPorts) -> Callable[[], None]:
    length = part_length(source.size, upload.part_size, number)
    first = (number - 1) * upload.part_size
    return lambda: ports.copies.copy_part(
        source, first, length, key=upload.key, multipart_id=upload.multipart_id, number=number
    )
