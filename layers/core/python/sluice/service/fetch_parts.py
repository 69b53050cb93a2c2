"""The part that is being filled, and the parts that an earlier attempt has stored."""

from sluice.domain.parts import part_count, part_length
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadClosed
from sluice.service.fetch_steps import source_of
from sluice.service.fetch_task import FetchObjects


def stored_prefix(upload: Upload, objects: FetchObjects) -> int:
    """Bytes from the start that an earlier attempt has stored of the file that `validator` names."""
    if not upload.multipart_id or source_of(upload).validator is None:
        return 0
    try:
        sizes = {part.number: part.size for part in objects.parts(upload.key, upload.multipart_id)}
    except UploadClosed:
        return 0
    size, part_size = upload.size_bytes, upload.part_size
    stored = 0
    if size:
        while stored < part_count(size, part_size) and sizes.get(stored + 1) == part_length(
            size, part_size, stored + 1
        ):
            stored += 1
        return min(size, stored * part_size)
    while sizes.get(stored + 1) == part_size:
        stored += 1
    return max(0, stored - 1) * part_size  # a source cannot be asked for what follows its last byte


class FillingPart:
    def __init__(self, number: int, length: int) -> None:
        self.number = number
        self._bytes = bytearray(length)
        self._filled = 0

    @property
    def is_empty(self) -> bool:
        return self._filled == 0

    @property
    def room(self) -> int:
        return len(self._bytes) - self._filled

    def add(self, piece: bytes) -> None:
        self._bytes[self._filled : self._filled + len(piece)] = piece
        self._filled += len(piece)

    def taken(self) -> bytearray:
        """Without a copy; what was never filled is cut off."""
        del self._bytes[self._filled :]
        return self._bytes
