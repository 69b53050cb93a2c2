"""A fetch by the real reader, from servers on loopback: what the fakes of the unit tests promise holds for sockets."""

import random
import socket

import pytest

from sluice.domain.intake import IntakeRules
from sluice.domain.parts import MIB
from sluice.service.fetching import Ending
from tests.contract.receiver import Receiver, read_request
from tests.contract.sources import ETAG, Talk, head, reader, saying, serving, url_of
from tests.unit.fetch_world import PART, FetchWorld, film

SIZE = 2 * PART + 999


def run(
    talk: Talk, *, path: str = "/film.mp4", rules: IntakeRules | None = None
) -> tuple[FetchWorld, Ending, Receiver]:
    with Receiver(talk) as receiver:
        world = FetchWorld(b"", url=url_of(receiver, path), rules=rules or IntakeRules())
        world.sources = reader()
        return world, world.run(), receiver


@pytest.mark.parametrize("seed", range(3))
def test_connections_that_break_anywhere(seed: int) -> None:
    cuts = sorted(random.Random(seed).sample(range(1, SIZE), 7))  # noqa: S311  # test data
    world, ending, receiver = run(serving(film(SIZE), cut_at=list(cuts)))
    assert ending is Ending.FETCHED and world.stored() == film(SIZE)
    assert [one.headers.get("range") for one in receiver.requests] == [None, *(f"bytes={at}-" for at in cuts)]


def test_a_body_shorter_than_its_length_fails_in_the_end() -> None:
    lying = saying(head(f"Content-Length: {SIZE}", f"ETag: {ETAG}"), film(1000))
    world, ending, _ = run(lying)
    assert ending is Ending.REFUSED
    world.assert_refused("source_interrupted")


def test_a_body_longer_than_its_length_is_not_taken() -> None:
    world, _, _ = run(saying(head("Content-Length: 1000", f"ETag: {ETAG}"), film(2000)))
    world.assert_refused("source_bad_answer")


def test_an_endless_body_ends_at_the_cap() -> None:
    def endless(receiver: Receiver, connection: socket.socket) -> None:
        receiver.requests.append(read_request(connection))
        connection.sendall(head("Transfer-Encoding: chunked"))
        while True:
            connection.sendall(b"100000\r\n" + bytes(MIB) + b"\r\n")

    world, _, receiver = run(endless, rules=IntakeRules(max_bytes=20 * MIB))
    world.assert_refused("upload_too_large")
    assert receiver.hung_up.is_set()


def test_a_file_without_a_length() -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (film(SIZE)[:PART], film(SIZE)[PART:]))
    world, ending, _ = run(saying(head("Transfer-Encoding: chunked"), chunks + b"0\r\n\r\n"))
    assert ending is Ending.FETCHED and world.stored() == film(SIZE)


def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    away = saying(head("Location: http://169.254.169.254/latest/meta-data", "Content-Length: 0", status="302 Found"))
    world, _, receiver = run(away)
    world.assert_refused("url_not_allowed")
    assert len(receiver.requests) == 1


def test_an_answer_that_is_none() -> None:
    world, _, _ = run(saying(head("Content-Length: 0", status="404 Not Found")))
    world.assert_refused("source_refused")
