"""The uploads bucket as its clients meet it: signed URLs, events of new objects, and holders of its credentials."""

from collections.abc import Container, Sequence
from datetime import datetime
from typing import NamedTuple

from sluice.domain.intake import Checksum
from sluice.domain.parts import MIB
from sluice.domain.upload_errors import UploadClosed
from sluice.service.ports import Clock, StoredObject, StoredPart
from tests.fakes.uploads_bucket import FakeUploadObjects, checksum_of

SMALLEST_PART = 5 * MIB  # the last one exempt


class Refused(Exception):
    """S3 says no to a client."""


class Ticket(NamedTuple):
    """A signed URL: all that its signature binds."""

    multipart_id: str
    number: int
    length: int
    checksum: str | None
    ends_at: datetime


class Stored(NamedTuple):
    key: str
    object: StoredObject
    by_us: bool  # joined by our completion
    step: int  # of the trace


class TraceBucket(FakeUploadObjects):
    def __init__(self, now: Clock) -> None:
        super().__init__()
        self._now = now
        self.step = 0
        self.history: list[Stored] = []
        self.events: list[str] = []  # keys of new objects, to be told

    def put_signed(self, ticket: Ticket, length: int, content: str) -> None:
        """Raises Refused."""
        if self._now() >= ticket.ends_at:
            raise Refused("AccessDenied: the URL has expired")
        if length != ticket.length:
            raise Refused("SignatureDoesNotMatch: Content-Length is signed")
        if ticket.multipart_id not in self.open:
            raise Refused("NoSuchUpload")
        algorithm = self._algorithms[ticket.multipart_id]
        if ticket.checksum not in (None, checksum_of(algorithm, f"{length}{content}").value):
            raise Refused("BadDigest")
        self.put_part(ticket.multipart_id, ticket.number, length, content)

    def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, checksum: Checksum | None = None
    ) -> None:
        super().complete_multipart(key, multipart_id, parts, checksum=checksum)
        self._tell(key, by_us=True)

    def complete_behind(self, key: str, multipart_id: str, numbers: Container[int]) -> None:
        """A client joins the parts that it likes, without us. Raises Refused."""
        chosen = [part for part in self._parts_of(multipart_id) if part.number in numbers]
        if not chosen:
            raise Refused("MalformedXML: no parts")
        if any(part.size < SMALLEST_PART for part in chosen[:-1]):
            raise Refused("EntityTooSmall")
        try:
            super().complete_multipart(key, multipart_id, chosen)
        except UploadClosed:  # whoever overwrites an object of its own needs no protection from us
            raise Refused("the object exists") from None
        self._tell(key, by_us=False)

    def plant(self, key: str, size: int) -> None:
        """A holder of the credentials brings an object by a multipart upload of its own. Raises Refused."""
        multipart_id = self.create_multipart(key, content_type="video/mp4", correlation_id="")
        self.put_part(multipart_id, 1, size)
        try:
            self.complete_behind(key, multipart_id, (1,))
        finally:
            self.abort_multipart(key, multipart_id)

    def put_behind(self, multipart_id: str, number: int, size: int) -> None:
        """A holder of the credentials needs no URL: any part, of any size. Raises Refused."""
        self._parts_of(multipart_id)
        self.put_part(multipart_id, number, size, "z")

    def _parts_of(self, multipart_id: str) -> list[StoredPart]:
        try:
            return self.parts("", multipart_id)
        except UploadClosed:
            raise Refused("NoSuchUpload") from None

    def _tell(self, key: str, *, by_us: bool) -> None:
        self.history.append(Stored(key, self.objects[key], by_us, self.step))
        self.events.append(key)
