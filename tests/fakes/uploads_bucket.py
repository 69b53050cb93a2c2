"""The uploads bucket in memory, with S3's rules for multipart uploads; passes the adapter's contract suite."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import count
from zlib import crc32

from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.parts import part_length
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadChecksumMismatch, UploadClosed, UploadIncomplete
from sluice.service.ports import NO_CHECKSUMS, SignedPart, StoredObject, StoredPart

CRC_BYTES = {ChecksumAlgorithm.CRC64NVME: 8, ChecksumAlgorithm.CRC32C: 4}


def checksum_of(algorithm: ChecksumAlgorithm, *contents: str) -> Checksum:
    """As long as a real one; the same for the same contents."""
    digest = sha256(repr(contents).encode()).digest()[: CRC_BYTES[algorithm]]
    return Checksum(algorithm=algorithm, value=b64encode(digest).decode())


class FakeUploadObjects:
    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.open: dict[str, dict[int, StoredPart]] = {}
        self._contents: dict[tuple[str, int], str] = {}
        self._algorithms: dict[str, ChecksumAlgorithm] = {}
        self.bodies: dict[tuple[str, int], bytes] = {}
        self._numbers = count(1)

    def create_multipart(
        self,
        key: str,
        *,
        content_type: str,
        correlation_id: str,
        checksum_algorithm: ChecksumAlgorithm | None = None,
    ) -> str:
        multipart_id = f"multipart-{next(self._numbers)}"
        self.open[multipart_id] = {}
        self._algorithms[multipart_id] = checksum_algorithm or ChecksumAlgorithm.CRC64NVME
        return multipart_id

    def put_part(self, multipart_id: str, number: int, size: int, content: str = "x") -> None:
        """Not part of the port: what a client does with a signed URL. `content` is what the bytes repeat."""
        content = f"{size}{content}"
        checksum = checksum_of(self._algorithms[multipart_id], content)
        self.open[multipart_id][number] = StoredPart(number, f'"{next(self._numbers):032x}"', size, checksum)
        self._contents[multipart_id, number] = content

    def upload_part(self, key: str, multipart_id: str, number: int, body: bytearray) -> None:
        if multipart_id not in self.open:
            raise UploadClosed()
        self.put_part(multipart_id, number, len(body), str(crc32(body)))
        self.bodies[multipart_id, number] = bytes(body)

    def whole_checksum(self, multipart_id: str) -> Checksum:
        """Not part of the port: of all the bytes that were put, in their order."""
        contents = [self._contents[multipart_id, number] for number in sorted(self.open[multipart_id])]
        return checksum_of(self._algorithms[multipart_id], *contents)

    def parts(self, key: str, multipart_id: str) -> list[StoredPart]:
        if multipart_id not in self.open:
            raise UploadClosed()
        return [part for _, part in sorted(self.open[multipart_id].items())]

    def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, checksum: Checksum | None = None
    ) -> None:
        if multipart_id not in self.open or key in self.objects:
            raise UploadClosed()
        stored = self.open[multipart_id]
        if any(stored.get(part.number) != part for part in parts):
            raise UploadIncomplete()
        contents = [self._contents[multipart_id, part.number] for part in parts]
        found = checksum_of(self._algorithms[multipart_id], *contents)
        if checksum not in (None, found):
            raise UploadChecksumMismatch()
        del self.open[multipart_id]
        size, etag = sum(part.size for part in parts), f'"{next(self._numbers):032x}-{len(parts)}"'
        self.objects[key] = StoredObject(size, etag, found)

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        self.open.pop(multipart_id, None)

    def head(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


class FakePartSigner:
    def sign(
        self, upload: Upload, numbers: Iterable[int], *, expires_s: int, checksums: Mapping[int, str] = NO_CHECKSUMS
    ) -> list[SignedPart]:
        header = f"x-amz-checksum-{upload.checksum_algorithm}"
        return [
            SignedPart(
                number,
                f"https://uploads.test/{upload.key}?partNumber={number}&expires={expires_s}",
                part_length(upload.size_bytes, upload.part_size, number),
                {header: checksums[number]} if number in checksums else {},
            )
            for number in numbers
        ]
