"""What reading a file from a URL needs."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class OpenSource(Protocol):
    @property
    def start(self) -> int:
        """The offset of the first byte that `read` returns: the one asked for, or 0 (see `SourceReader.open`)."""
        ...

    @property
    def total(self) -> int | None:
        """Bytes of the whole file, as the source declares them; None when it does not."""
        ...

    @property
    def validator(self) -> str | None:
        """Names this state of the file, for `open`; None: it can only be read from the start."""
        ...

    @property
    def content_type(self) -> str | None: ...

    def read(self, most: int) -> bytes:
        """What has arrived, 1 to `most` bytes; waits for the first of them, no longer than the reader's idle time.

        b"" is the true end: read up to it, for only there is it known that the source kept to what it declared.
        Raises SourceInterrupted, SourceStalled of its kind, or SourceBadAnswer.
        """
        ...


class SourceReader(Protocol):
    def check(self, url: str, headers: Mapping[str, str]) -> None:
        """Without calling the source. Raises UrlNotAllowed, also when the name does not resolve, or
        SourceHeaderNotAllowed.
        """
        ...

    def open(
        self, url: str, headers: Mapping[str, str], *, start: int = 0, validator: str | None = None
    ) -> AbstractContextManager[OpenSource]:
        """The source is called when the context is entered. `headers` go to the origin of `url` only.

        To go on after an interruption give `start` and the `validator` that came with the earlier bytes. The answer's
        `start` is 0 if the source has no ranges or another file by now, or without a `validator`; its `total` is
        yours to compare.

        Raises UrlNotAllowed, SourceHeaderNotAllowed, or of domain.source_errors: SourceUnreachable, SourceRefused,
        SourceUnavailable, SourceTooManyRedirects, SourceChanged, SourceBadAnswer, SourceStalled.
        """
        ...


class SourceObject(NamedTuple):
    """An object of the own account, as it was when it was found."""

    bucket: str
    key: str
    size: int
    etag: str
    content_type: str | None


class CopySources(Protocol):
    """Objects of the own account, copied inside S3 into parts of a multipart upload."""

    def find(self, bucket: str, key: str) -> SourceObject:
        """Raises SourceRefused, ProviderFailure."""
        ...

    def copy_part(
        self, source: SourceObject, first: int, length: int, *, key: str, multipart_id: str, number: int
    ) -> None:
        """Bytes of the state that was found. Raises SourceRefused, SourceChanged, UploadClosed, ProviderFailure."""
        ...
