"""Redirects of a source: three at most, each checked, and none takes the caller's headers to somebody else."""

import socket
from collections.abc import Callable

import pytest

from sluice.domain.errors import UrlNotAllowed
from sluice.domain.source_errors import SourceBadAnswer, SourceTooManyRedirects
from tests.contract.receiver import Receiver
from tests.contract.sources import BODY, Talk, begin, head, read_all, reader, saying, serving, url_of


def redirecting(location: Callable[[Receiver], str], status: int) -> Talk:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        answer = head(f"Location: {location(receiver)}", "Set-Cookie: a=b", "Content-Length: 0", status=f"{status} Go")
        saying(answer)(receiver, connection)

    return talk


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_gets_no_headers(status: int) -> None:
    with (
        Receiver(serving()) as away,
        Receiver(redirecting(lambda _: url_of(away), status)) as receiver,
        reader().open(url_of(receiver), {"Authorization": "Bearer x", "X-Key": "k"}) as source,
    ):
        assert read_all(source) == BODY
    assert receiver.requests[0].headers["authorization"] == "Bearer x"
    assert away.requests[0].line.startswith("GET ")
    assert away.requests[0].headers.keys() == {"host", "user-agent", "accept-encoding", "connection"}


def test_a_redirect_within_the_origin_keeps_them() -> None:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        elsewhere = head("Location: ../b?c", "Set-Cookie: a=b", "Content-Length: 0", status="302 Go")
        (serving() if receiver.requests else saying(elsewhere))(receiver, connection)

    with Receiver(talk) as receiver, reader().open(url_of(receiver, "/x/a"), {"X-Key": "k"}) as source:
        assert read_all(source) == BODY
    assert [one.line for one in receiver.requests] == ["GET /x/a HTTP/1.1", "GET /b?c HTTP/1.1"]
    assert [one.headers["x-key"] for one in receiver.requests] == ["k", "k"]
    assert "cookie" not in receiver.requests[1].headers


def test_headers_do_not_come_back() -> None:
    """Who redirects back would choose what they are sent for."""

    def talk(receiver: Receiver, connection: socket.socket) -> None:
        (serving() if receiver.requests else redirecting(lambda _: url_of(away), 302))(receiver, connection)

    with (
        Receiver(redirecting(lambda _: url_of(receiver, "/chosen"), 302)) as away,
        Receiver(talk) as receiver,
        reader().open(url_of(receiver), {"Authorization": "Bearer x"}) as source,
    ):
        assert read_all(source) == BODY
    assert ["authorization" in one.headers for one in receiver.requests] == [True, False]


def test_another_host_at_the_same_port_is_another_origin() -> None:
    def talk(receiver: Receiver, connection: socket.socket) -> None:
        first = redirecting(lambda _: url_of(receiver, host="other.example"), 302)
        (serving() if receiver.requests else first)(receiver, connection)

    with Receiver(talk) as receiver, reader().open(url_of(receiver), {"X-Key": "k"}) as source:
        assert read_all(source) == BODY
    assert ["x-key" in one.headers for one in receiver.requests] == [True, False]


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    def talk(most: int) -> Talk:
        def step(receiver: Receiver, connection: socket.socket) -> None:
            again = redirecting(lambda _: f"/{len(receiver.requests)}", 302)
            (serving() if len(receiver.requests) == most else again)(receiver, connection)

        return step

    with Receiver(talk(3)) as receiver, reader().open(url_of(receiver), {}) as source:
        assert read_all(source) == BODY
    with Receiver(talk(4)) as receiver, pytest.raises(SourceTooManyRedirects):
        begin(receiver)
    assert len(receiver.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "https://10.0.0.1/",
        "//169.254.169.254/",
        "file:///etc/passwd",
        "http:\\\\x",
        "http://[",
        "/a b",
        "/\xe9",
        "a" * 3_000,
    ]
    + ["http://user@source.example/", "/a#b", "/a\tb", "https://source.example:22\t/"],
)
def test_where_no_redirect_may_lead(location: str) -> None:
    with Receiver(redirecting(lambda _: location, 302)) as receiver, pytest.raises(UrlNotAllowed):
        begin(receiver)
    assert len(receiver.requests) == 1


def test_a_redirect_to_nowhere() -> None:
    with Receiver(saying(head("Content-Length: 0", status="302 Go"))) as receiver, pytest.raises(SourceBadAnswer):
        begin(receiver)
