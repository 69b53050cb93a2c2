"""Sources of URL ingest in memory: a web server that breaks off where it is told to, and buckets of the own account."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sluice.domain.source_errors import SourceChanged, SourceInterrupted, SourceRefused, SourceUnreachable
from sluice.service.source_ports import OpenSource, SourceObject
from tests.fakes.time import FakeClock
from tests.fakes.uploads_bucket import FakeUploadObjects

PIECE = 700_000  # no divisor of a part


@dataclass
class FakeFile:
    content: bytes
    validator: str | None = '"v1"'
    content_type: str | None = "video/mp4"
    declares_length: bool = True
    lies_by: int = 0  # bytes more than there are
    has_ranges: bool = True


@dataclass
class FakeWeb:
    """`SourceReader` over one file; each connection may be cut after a number of bytes."""

    file: FakeFile
    now: FakeClock
    cuts: list[int] = field(default_factory=list)  # bytes that the next connections bring before they break
    unreachable: int = 0  # connections that fail before they open
    refusal: Exception | None = None
    seconds_per_piece: float = 0.0
    piece: int = PIECE
    on_piece: Callable[[int], None] = lambda _position: None
    opened: list[tuple[int, str | None]] = field(default_factory=list)
    sent_headers: list[Mapping[str, str]] = field(default_factory=list)

    def check(self, url: str, headers: Mapping[str, str]) -> None: ...

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], *, start: int = 0, validator: str | None = None
    ) -> Iterator[OpenSource]:
        self.opened.append((start, validator))
        self.sent_headers.append(headers)
        if self.unreachable:
            self.unreachable -= 1
            raise SourceUnreachable()
        if self.refusal:
            raise self.refusal
        same = validator is not None and validator == self.file.validator
        at = start if same and self.file.has_ranges else 0
        if at and at >= len(self.file.content):
            raise SourceChanged()  # HTTP 416
        cut = self.cuts.pop(0) if self.cuts else None
        yield _FakeAnswer(self, replace(self.file), at, None if cut is None else at + cut)


class _FakeAnswer:
    def __init__(self, web: FakeWeb, file: FakeFile, start: int, cut_at: int | None) -> None:
        self._web, self._file, self._cut_at = web, file, cut_at
        self._position = self._start = start

    @property
    def start(self) -> int:
        return self._start

    @property
    def total(self) -> int | None:
        """A range tells the whole length even if the whole file's answer does not."""
        whole = len(self._file.content) + self._file.lies_by
        return whole if self._file.declares_length or self._start else None

    @property
    def validator(self) -> str | None:
        return self._file.validator

    @property
    def content_type(self) -> str | None:
        return self._file.content_type

    def read(self, most: int) -> bytes:
        assert most > 0
        end = self._position + min(most, self._web.piece)
        if self._cut_at is not None:
            if self._position >= self._cut_at:
                raise SourceInterrupted()
            end = min(end, self._cut_at)
        piece = self._file.content[self._position : end]
        self._position += len(piece)
        self._web.now.tick(seconds=self._web.seconds_per_piece)
        self._web.on_piece(self._position)
        return piece


class FakeCopySources:
    """`CopySources` into a bucket in memory; `objects` by (bucket, key)."""

    def __init__(self, target: FakeUploadObjects) -> None:
        self.objects: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.copied: list[int] = []
        self.on_copy: Callable[[int], None] = lambda _number: None
        self._target = target

    def find(self, bucket: str, key: str) -> SourceObject:
        if (bucket, key) not in self.objects:
            raise SourceRefused(404)
        content, etag = self.objects[bucket, key]
        return SourceObject(bucket, key, len(content), etag, "video/mp4")

    def copy_part(
        self, source: SourceObject, first: int, length: int, *, key: str, multipart_id: str, number: int
    ) -> None:
        self.on_copy(number)
        if self.find(source.bucket, source.key).etag != source.etag:
            raise SourceChanged()
        content, _ = self.objects[source.bucket, source.key]
        self._target.upload_part(key, multipart_id, number, bytearray(content[first : first + length]))
        self.copied.append(number)
