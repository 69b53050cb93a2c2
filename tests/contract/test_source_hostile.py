"""The reader of URL ingest against servers that lie, drip, cut, pour or talk nonsense: each gets its typed error."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sluice.adapters.source_body import MAX_PIECE, HttpSource
from sluice.domain.source_errors import SourceBadAnswer, SourceInterrupted, SourceStalled, SourceUnreachable
from tests.contract.receiver import PATIENCE_S, Receiver, read_request
from tests.contract.sources import BODY, ETAG, SHORT_S, Talk, begin, head, read_all, reader, saying, url_of

LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = head("Transfer-Encoding: chunked")


@contextmanager
def opened(talk: Talk, idle_s: float = 20) -> Iterator[HttpSource]:
    with Receiver(talk) as receiver, reader(idle_s=idle_s).open(url_of(receiver), {}) as source:
        yield source


def pouring(start: bytes, piece: bytes) -> Talk:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        while not receiver.over.is_set():
            connection.sendall(piece)

    return talk


def dripping(start: bytes, piece: bytes) -> Talk:
    """A piece at a time, always well within the idle time."""

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        while not receiver.over.wait(SHORT_S / 20):
            connection.sendall(piece)

    return talk


def silent(start: bytes) -> Talk:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        saying(start)(receiver, connection)
        receiver.over.wait(PATIENCE_S)

    return talk


# ------------------------------------------------------------------ where it ends


@pytest.mark.parametrize("start", [CHUNKED, head("Content-Length: 999999999999999999")], ids=["chunked", "length"])
def test_an_endless_body_comes_in_pieces_that_can_be_counted(start: bytes) -> None:
    with opened(pouring(start, b"3e8\r\n" + b"x" * 1_000 + b"\r\n")) as source:
        received = 0
        while received < 3_000_000:
            piece = source.read(10**9)
            assert 0 < len(piece) <= MAX_PIECE
            received += len(piece)


@pytest.mark.parametrize("sent", [0, 1, len(BODY) - 1])
def test_less_than_it_declares(sent: int) -> None:
    with opened(saying(head(LENGTH), BODY[:sent])) as source, pytest.raises(SourceInterrupted) as caught:
        read_all(source)
    assert caught.value.retryable


def test_more_than_it_declares() -> None:
    with opened(saying(head(LENGTH), BODY + b"!")) as source, pytest.raises(SourceBadAnswer, match="more than"):
        read_all(source)


def test_a_connection_that_stays_open_after_the_last_byte() -> None:
    with opened(silent(head(LENGTH) + BODY)) as source:
        assert read_all(source) == BODY


def test_a_connection_that_is_reset() -> None:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head(LENGTH) + BODY[:100])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with opened(talk) as source, pytest.raises(SourceInterrupted):
        read_all(source)


@pytest.mark.parametrize(
    "sent",
    [b"", b"3", b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n00", b"3\r\nabc\r\n0"],
    ids=["nothing", "in a size", "in a chunk", "after it", "before a size", "in leading zeros", "in the last size"],
)
def test_chunks_that_are_cut(sent: bytes) -> None:
    with opened(saying(CHUNKED, sent)) as source, pytest.raises(SourceInterrupted):
        read_all(source)


@pytest.mark.parametrize(
    "sent",
    [
        b"x\r\n",
        b"-5\r\nabcde",
        b"+5\r\nabcde",
        b"0x5\r\nabcde",
        b"1_0\r\n",
        b"\r\n",
        b" 5\r\nabcde\r\n0\r\n\r\n",
        b"f" * 16 + b"\r\n",
    ]
    + [
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"5;" + b"x" * 10_000 + b"\r\nabcde\r\n",
        b"0\r\n" + b"a: b\r\n" * 1_000,
        b"f" * 9_000,
    ],
)
def test_chunks_that_are_none(sent: bytes) -> None:
    with opened(saying(CHUNKED, sent)) as source, pytest.raises(SourceBadAnswer):
        read_all(source)


# ------------------------------------------------------------------ how long it takes


def test_silence_in_the_middle() -> None:
    with opened(silent(head(LENGTH) + b"x"), SHORT_S) as source, pytest.raises(SourceStalled) as caught:
        read_all(source)
    assert caught.value.retryable


def test_a_drip_comes_byte_by_byte() -> None:
    with opened(dripping(head(LENGTH), b"x"), SHORT_S) as source:
        assert [len(source.read(1_000)) for _ in range(30)].count(0) == 0


@pytest.mark.parametrize(
    ("start", "piece"),
    [(CHUNKED, b"0"), (CHUNKED + b"5;", b"x"), (CHUNKED + b"0\r\n", b"a:b\r\n")],
    ids=["size", "extension", "trailers"],
)
def test_a_drip_of_what_is_no_body(start: bytes, piece: bytes) -> None:
    started = time.monotonic()
    with opened(dripping(start, piece), SHORT_S) as source, pytest.raises(SourceStalled):
        read_all(source)
    assert time.monotonic() - started < PATIENCE_S / 2


@pytest.mark.parametrize("talk", [silent(b""), dripping(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a")], ids=["silent", "drip"])
def test_a_head_that_does_not_come(talk: Talk) -> None:
    started = time.monotonic()
    with Receiver(talk) as receiver, pytest.raises(SourceStalled):
        begin(receiver, idle_s=SHORT_S)
    assert time.monotonic() - started < PATIENCE_S / 2


def test_continue_again_and_again() -> None:
    with Receiver(pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n")) as receiver, pytest.raises(SourceStalled):
        begin(receiver, idle_s=SHORT_S)


# ------------------------------------------------------------------ what it says


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 ok\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(200)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
        head(),
        head("Content-Length: -1"),
        head("Content-Length: +5"),
        head("Content-Length: 0x5"),
        head("Content-Length: 5 5"),
        head("Content-Length: 5", "Content-Length: 6"),
        head("Content-Length: " + "9" * 5_000),
        head("Content-Length: 5", "Transfer-Encoding: chunked"),
        head("Transfer-Encoding: gzip, chunked"),
        head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        head("Content-Length: 5", "Content-Encoding: gzip"),
        head("Content-Length: 5", "Content-Encoding: identity", "Content-Encoding: br"),
        head("Content-Length: 5", "Content-Range: bytes 0-4/5", status="206 Partial Content"),
    ],
)
def test_heads_that_cannot_be_used(answer: bytes) -> None:
    with Receiver(saying(answer)) as receiver, pytest.raises(SourceBadAnswer):
        begin(receiver)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Content-Range: bytes 4-5/*",),
        ("Content-Range: bytes */6",),
        ("Content-Range: bytes 3-5/6",),
        ("Content-Range: bytes 0-1/6",),
        ("Content-Range: bytes 4-5/5",),
        ("Content-Range: bytes 4-9/6",),
        ("Content-Range: bytes 5-4/6",),
        ("Content-Range: bytes 4-4/6",),
        ("Content-Range: items 4-5/6",),
        ("Content-Type: multipart/byteranges; boundary=x",),
    ],
)
def test_parts_that_were_not_asked_for(lines: tuple[str, ...]) -> None:
    answer = head(*lines, "Content-Length: 2", f"ETag: {ETAG}", status="206 Partial Content")
    with Receiver(saying(answer, b"ef")) as receiver, pytest.raises(SourceBadAnswer):
        begin(receiver, start=4, validator=ETAG)


@pytest.mark.parametrize(
    ("framing", "sent", "kind"),
    [
        ("Content-Length: 1", b"e", SourceInterrupted),  # bytes 4-4 of 6: there is more to ask for
        ("Transfer-Encoding: chunked", b"1\r\ne\r\n0\r\n\r\n", SourceInterrupted),
        ("Transfer-Encoding: chunked", b"2\r\nef\r\n0\r\n\r\n", SourceBadAnswer),
        ("Transfer-Encoding: chunked", b"0\r\n\r\n", SourceInterrupted),
    ],
)
def test_a_part_that_is_not_the_rest(framing: str, sent: bytes, kind: type[Exception]) -> None:
    answer = head(framing, "Content-Range: bytes 4-4/6", f"ETag: {ETAG}", status="206 Partial Content")
    with (
        Receiver(saying(answer, sent)) as receiver,
        reader().open(url_of(receiver), {}, start=4, validator=ETAG) as source,
        pytest.raises(kind),
    ):
        read_all(source)


def test_it_hangs_up_at_once() -> None:
    with Receiver(saying()) as receiver, pytest.raises(SourceUnreachable):
        begin(receiver)


def test_the_connection_ends_with_the_context() -> None:
    with Receiver(pouring(head("Content-Length: 999999999"), b"x" * 1_000)) as receiver:
        with pytest.raises(ZeroDivisionError), reader().open(url_of(receiver), {}) as source:
            assert source.read(1)
            raise ZeroDivisionError
        assert receiver.hung_up.wait(PATIENCE_S)
