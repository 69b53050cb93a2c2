"""URLs are signed in pages, shortly before they are used; a slice is never in memory as a whole."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from sluice_client import FileChanged, SignedPart, UnexpectedAnswer
from sluice_client.parts import BLOCK, FRESH_S, LARGEST_PAGE, FileSlice, PartUrls, Stopped, Tally


class Signer:
    def __init__(self) -> None:
        self.pages: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[SignedPart]:
        self.pages.append(list(numbers))
        return [SignedPart(number, f"https://s3.example/{number}?page={len(self.pages)}", 1) for number in numbers]


def test_a_page_is_signed_when_it_is_reached() -> None:
    sign = Signer()
    clock = count(step=60)  # a part a minute
    urls = PartUrls(sign, [2, 3, 5, 7, 11], page=2, now=lambda: next(clock))
    assert sign.pages == []
    handed_out = [urls.next() for _ in range(6)]
    assert [part.part_number if part else None for part in handed_out] == [2, 3, 5, 7, 11, None]
    assert sign.pages == [[2, 3], [5, 7], [11]]


@pytest.mark.parametrize(("part_s", "page"), [(1.0, 60), (0.01, LARGEST_PAGE), (59.0, 3)])
def test_a_page_is_what_goes_in_a_minute(part_s: float, page: int) -> None:
    sign, clock = Signer(), [100.0]
    urls = PartUrls(sign, range(1, 1001), page=3, now=lambda: clock[0])
    for _ in range(4):
        urls.next()
        clock[0] += part_s
    assert [len(numbers) for numbers in sign.pages] == [3, page]
    assert sign.pages[1][0] == 4


def test_an_old_page_is_signed_again_from_where_it_stands() -> None:
    sign, clock = Signer(), [0.0]
    urls = PartUrls(sign, [1, 2, 3, 4], page=3, now=lambda: clock[0])
    first, clock[0] = urls.next(), FRESH_S + 1
    second = urls.next()
    assert first and second
    assert sign.pages == [[1, 2, 3], [2, 3, 4]]
    assert second.url.endswith("/2?page=2")


def test_a_part_that_was_not_signed_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer):
        PartUrls(lambda numbers: [], [1], page=1).next()


def test_a_slice_is_read_block_by_block(tmp_path: Path) -> None:
    source = tmp_path / "film"
    source.write_bytes(bytes(range(256)) * 2048)
    piece = FileSlice(source, 100, 2 * BLOCK + 7, tally=Tally(0, None), stop=Event())
    blocks = list(piece)
    assert [len(block) for block in blocks] == [BLOCK, BLOCK, 7]
    assert b"".join(blocks) == source.read_bytes()[100 : 100 + 2 * BLOCK + 7]


def test_a_file_that_became_shorter_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "film"
    source.write_bytes(b"short")
    with pytest.raises(FileChanged):
        list(FileSlice(source, 0, 6, tally=Tally(0, None), stop=Event()))


def test_a_slice_stops_when_it_is_told_to(tmp_path: Path) -> None:
    source, stop = tmp_path / "film", Event()
    source.write_bytes(bytes(3 * BLOCK))
    blocks = iter(FileSlice(source, 0, 3 * BLOCK, tally=Tally(0, None), stop=stop))
    assert len(next(blocks)) == BLOCK
    stop.set()
    with pytest.raises(Stopped):
        next(blocks)
