"""The body of a source's answer, as it arrives, and whether its end is the true one."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sluice.adapters.deadline_socket import Deadline
from sluice.adapters.pinned_http import Answered
from sluice.adapters.source_answer import SourceHead
from sluice.domain.source_errors import SourceBadAnswer, SourceInterrupted, SourceStalled

MAX_PIECE = 256 * 1024  # a buffer is made of what is asked for, however little has arrived
MAX_LINE = 8_192
MAX_TRAILERS = 100
CLOSING_S = 1.0  # for the end of a connection that the source was asked to close
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;.*)?\r?\n")


class HttpSource:
    """`service.source_ports.OpenSource` over an answer to HttpSourceReader."""

    def __init__(self, head: SourceHead, answered: Answered, deadline: Deadline, idle_s: float) -> None:
        self._head, self._answered, self._deadline, self._idle_s = head, answered, deadline, idle_s
        self._chunks = _Chunks(answered.stream) if head.chunked else None
        self._received = 0
        self._over = False

    @property
    def start(self) -> int:
        return self._head.start

    @property
    def total(self) -> int | None:
        return self._head.total

    @property
    def validator(self) -> str | None:
        return self._head.validator

    @property
    def content_type(self) -> str | None:
        return self._head.content_type

    def read(self, most: int) -> bytes:
        if self._over or most <= 0:
            return b""
        self._deadline.restart(self._idle_s)  # one for the call, so that dripped chunk sizes do not hold us either
        with _source_faults():
            piece = self._next(min(most, MAX_PIECE))
        self._received += len(piece)
        if self._head.length is not None and self._received > self._head.length:
            raise SourceBadAnswer("The source sent more than it declared.")
        if not piece:
            self._require_true_end()
            self._over = True
        return piece

    def _next(self, most: int) -> bytes:
        if self._chunks:
            return self._chunks.read(most)
        left = (self._head.length or 0) - self._received
        return self._answered.stream.read1(min(most, left)) if left else b""

    def _require_true_end(self) -> None:
        if self._head.total is not None and self.start + self._received < self._head.total:
            raise SourceInterrupted()
        self._deadline.restart(CLOSING_S)
        if not self._chunks and self._sends_more():
            raise SourceBadAnswer("The source sent more than it declared.")

    def _sends_more(self) -> bool:
        try:
            return self._answered.stream.read1(1) != b""
        except OSError:  # it keeps the connection open, or breaks it: all that was declared is here
            return False


class _Chunks:
    """Transfer-Encoding: chunked.

    http.client's own reader takes "-5" for a size, and what is left of a cut "0400" for the end.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._left = 0
        self._first = True

    def read(self, most: int) -> bytes:
        """b"" at the last chunk; do not call again."""
        if not self._left:
            self._left = self._next_size()
            if not self._left:
                self._skip_trailers()
                return b""
        piece = self._stream.read1(min(most, self._left))
        if not piece:
            raise SourceInterrupted()
        self._left -= len(piece)
        return piece

    def _next_size(self) -> int:
        if not self._first and self._line() not in (b"\r\n", b"\n"):
            raise SourceBadAnswer("The source sends chunks that are longer than they say.")
        self._first = False
        size = _CHUNK_SIZE.fullmatch(self._line())
        if not size:
            raise SourceBadAnswer("The source sends a chunk without a size.")
        return int(size[1], 16)

    def _line(self) -> bytes:
        line = self._stream.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise SourceBadAnswer("The source sends an endless line.") if len(line) == MAX_LINE else SourceInterrupted()
        return line

    def _skip_trailers(self) -> None:
        for _ in range(MAX_TRAILERS):
            if self._stream.readline(MAX_LINE) in (b"\r\n", b"\n", b""):  # the last size was whole: no byte is missing
                return
        raise SourceBadAnswer("The source sends endless trailers.")


@contextmanager
def _source_faults() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise SourceStalled() from None
    except OSError:
        raise SourceInterrupted() from None
