"""The reader of URL ingest against servers that mean well, and against networks that do not."""

import random
import socket

import pytest

from sluice.domain.source_errors import (
    SourceBadAnswer,
    SourceChanged,
    SourceHeaderNotAllowed,
    SourceInterrupted,
    SourceRefused,
    SourceUnavailable,
    SourceUnreachable,
)
from sluice.service.source_ports import SourceReader
from tests.contract.receiver import Receiver
from tests.contract.sources import BODY, ETAG, begin, head, read_all, reader, saying, serving, url_of

LENGTH = f"Content-Length: {len(BODY)}"
MODIFIED = "Tue, 01 Jul 2025 10:00:00 GMT"


def test_a_whole_file() -> None:
    implements: SourceReader = reader()
    with (
        Receiver(serving()) as receiver,
        implements.open(url_of(receiver, "/a?b=c"), {"Authorization": "Bearer x"}) as source,
    ):
        assert (source.start, source.total, source.validator) == (0, len(BODY), ETAG)
        assert source.content_type == "video/mp4"
        assert b"".join(iter(lambda: source.read(1_000), b"")) == BODY
        assert source.read(1_000) == b""
    [request] = receiver.requests
    assert request.line == "GET /a?b=c HTTP/1.1"
    assert request.headers == {
        "host": f"source.example:{receiver.port}",
        "user-agent": "Sluice-Ingest/1",
        "accept-encoding": "identity",
        "connection": "close",
        "authorization": "Bearer x",
    }


def test_what_has_arrived_is_returned() -> None:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        saying(head(LENGTH), BODY[:10])(receiver, connection)
        receiver.over.wait(30)

    with Receiver(talk) as receiver, reader().open(url_of(receiver), {}) as source:
        assert source.read(1_000) == BODY[:10]


@pytest.mark.parametrize("seed", range(5))
def test_a_connection_that_breaks_is_taken_up_where_it_broke(seed: int) -> None:
    cuts = sorted(random.Random(seed).sample(range(1, len(BODY)), 6))
    read = b""
    validator: str | None = None
    with Receiver(serving(cut_at=list(cuts))) as receiver:
        while len(read) < len(BODY):
            with reader().open(url_of(receiver), {}, start=len(read), validator=validator) as source:
                assert (source.start, source.total, source.validator) == (len(read), len(BODY), ETAG)
                validator = source.validator
                try:
                    while piece := source.read(5_000):
                        read += piece
                except SourceInterrupted as error:
                    assert error.retryable
        assert read == BODY
    assert [one.headers.get("range") for one in receiver.requests] == [None, *(f"bytes={at}-" for at in cuts)]
    assert {one.headers.get("if-range") for one in receiver.requests[1:]} == {ETAG}


def test_another_file_by_now_is_read_from_its_start() -> None:
    with (
        Receiver(serving(b"new", etag='"v2"')) as receiver,
        reader().open(url_of(receiver), {}, start=9, validator=ETAG) as source,
    ):
        assert (source.start, source.total, source.validator, read_all(source)) == (0, 3, '"v2"', b"new")


def test_without_a_validator_there_is_no_going_on() -> None:
    with Receiver(serving()) as receiver, reader().open(url_of(receiver), {}, start=9) as source:
        assert (source.start, read_all(source)) == (0, BODY)
    assert "range" not in receiver.requests[0].headers
    part = head("Content-Range: bytes 9-10/11", "Content-Length: 2", status="206 Partial Content")
    with Receiver(saying(part, b"ef")) as receiver, pytest.raises(SourceBadAnswer):
        begin(receiver, start=9)


@pytest.mark.parametrize(
    ("lines", "validator"),
    [
        ((f"ETag: {ETAG}", f"Last-Modified: {MODIFIED}"), ETAG),
        (('ETag: W/"v1"',), None),
        ((), None),
        (('ETag: W/"v1"', f"Last-Modified: {MODIFIED}", "Date: Tue, 01 Jul 2025 10:00:01 GMT"), MODIFIED),
        ((f"Last-Modified: {MODIFIED}", f"Date: {MODIFIED}"), None),  # it may change within the same second
        ((f"Last-Modified: {MODIFIED}",), None),
        (("Last-Modified: yesterday", f"Date: {MODIFIED}"), None),
        (("ETag: v1",), None),
    ],
)
def test_validators(lines: tuple[str, ...], validator: str | None) -> None:
    with (
        Receiver(saying(head(LENGTH, *lines), BODY)) as receiver,
        reader().open(url_of(receiver), {}) as source,
    ):
        assert source.validator == validator


def test_a_part_named_by_its_date() -> None:
    part = head("Content-Range: bytes 4-5/6", "Content-Length: 2", status="206 Partial Content")
    with (
        Receiver(saying(part, b"ef")) as receiver,
        reader().open(url_of(receiver), {}, start=4, validator=MODIFIED) as source,
    ):
        assert read_all(source) == b"ef"
    assert receiver.requests[0].headers["if-range"] == MODIFIED


@pytest.mark.parametrize(
    "answer",
    [
        head("Content-Length: 0", status="416 Range Not Satisfiable"),
        head("Content-Range: bytes 4-5/6", "Content-Length: 2", 'ETag: "v2"', status="206 Partial Content"),
        head("Content-Range: bytes 4-5/6", "Content-Length: 2", status="206 Partial Content"),
    ],
    ids=["shorter by now", "another ETag", "no ETag"],
)
def test_a_part_of_another_file(answer: bytes) -> None:
    with Receiver(saying(answer, b"ef")) as receiver, pytest.raises(SourceChanged):
        begin(receiver, start=4, validator=ETAG)


@pytest.mark.parametrize("size", [1, 7, 40_000])
def test_chunks_without_a_length(size: int) -> None:
    file = BODY[: 1_000 * size]
    pieces = [file[at : at + size] for at in range(0, len(file), size)]
    chunks = [b"%x;name=value\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    talk = saying(head("Transfer-Encoding: chunked"), *chunks, b"000\r\nTrailer: x\r\n\r\n")
    with Receiver(talk) as receiver, reader().open(url_of(receiver), {}) as source:
        assert source.total is None
        assert read_all(source) == file


@pytest.mark.parametrize("value", ["video/mp4\x01", "x" * 300, ""])
def test_a_content_type_that_is_none(value: str) -> None:
    with (
        Receiver(saying(head(LENGTH, f"Content-Type: {value}"), BODY)) as receiver,
        reader().open(url_of(receiver), {}) as source,
    ):
        assert source.content_type is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, SourceRefused),
        (401, SourceRefused),
        (304, SourceRefused),
        (103, SourceRefused),
        (204, SourceRefused),
        (300, SourceRefused),
    ]
    + [(503, SourceUnavailable), (429, SourceUnavailable), (500, SourceUnavailable)],
)
def test_statuses(status: int, kind: type[SourceRefused]) -> None:
    with (
        Receiver(saying(head("Content-Length: 0", status=f"{status} No"))) as receiver,
        pytest.raises(SourceRefused, match=str(status)) as caught,
    ):
        begin(receiver)
    assert type(caught.value) is kind and caught.value.status == status
    assert caught.value.retryable is (kind is SourceUnavailable)


def test_nobody_listens() -> None:
    with socket.socket() as bound, pytest.raises(SourceUnreachable):
        bound.bind(("127.0.0.1", 0))
        with reader().open(f"http://source.example:{bound.getsockname()[1]}/", {}):
            pass


# ------------------------------------------------------------------ what is refused before any call


@pytest.mark.parametrize(
    "headers",
    [
        {name: "x"}
        for name in ("Host", "cookie", "RANGE", "If-Range", "if-none-match", "Content-Length", "TE", "Upgrade")
    ]
    + [{name: "x"} for name in ("Transfer-Encoding", "Connection", "Proxy-Authorization", "Accept-Encoding", "Expect")]
    + [{"X": value} for value in ("a\r\nHost: b", "a\nb", "", " a", "a ", "\x00", "é", "a" * 4_097, "a\x7f")]
    + [{name: "x"} for name in ("", "a b", "a:", "a\r\nb", "é")]
    + [{"x-key": "1", "X-Key": "2"}, {f"x-{number}": "1" for number in range(21)}],
)
def test_headers_that_nobody_may_set(headers: dict[str, str]) -> None:
    with Receiver(serving()) as receiver:
        with pytest.raises(SourceHeaderNotAllowed):
            reader().check(url_of(receiver), headers)
        with pytest.raises(SourceHeaderNotAllowed), reader().open(url_of(receiver), headers):
            pass
    assert receiver.requests == []
