"""The uploads bucket in memory, with S3's rules for multipart uploads; passes the adapter's contract suite."""

from collections.abc import Iterable, Sequence
from itertools import count

from sluice.domain.parts import part_length
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadClosed, UploadIncomplete
from sluice.service.ports import SignedPart, StoredObject, StoredPart


class FakeUploadObjects:
    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.open: dict[str, dict[int, StoredPart]] = {}
        self._numbers = count(1)

    def create_multipart(self, key: str, *, content_type: str, correlation_id: str) -> str:
        multipart_id = f"multipart-{next(self._numbers)}"
        self.open[multipart_id] = {}
        return multipart_id

    def put_part(self, multipart_id: str, number: int, size: int) -> None:
        """Not part of the port: what a client does with a signed URL."""
        self.open[multipart_id][number] = StoredPart(number, f'"{next(self._numbers):032x}"', size)

    def parts(self, key: str, multipart_id: str) -> list[StoredPart]:
        if multipart_id not in self.open:
            raise UploadClosed()
        return [part for _, part in sorted(self.open[multipart_id].items())]

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[StoredPart]) -> None:
        if multipart_id not in self.open or key in self.objects:
            raise UploadClosed()
        stored = self.open[multipart_id]
        if any(stored.get(part.number) != part for part in parts):
            raise UploadIncomplete()
        del self.open[multipart_id]
        self.objects[key] = StoredObject(sum(part.size for part in parts), f'"{next(self._numbers):032x}-{len(parts)}"')

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        self.open.pop(multipart_id, None)

    def head(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


class FakePartSigner:
    def sign(self, upload: Upload, numbers: Iterable[int], *, expires_s: int) -> list[SignedPart]:
        return [
            SignedPart(
                number,
                f"https://uploads.test/{upload.key}?partNumber={number}&expires={expires_s}",
                part_length(upload.size_bytes, upload.part_size, number),
            )
            for number in numbers
        ]
