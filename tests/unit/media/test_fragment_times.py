import struct

import pytest

from sluice.media.fragment_times import delay, find, moved, parse_header, timescale, without_delay


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def moof(tfdt: bytes, sequence: int = 1) -> bytes:
    return box(
        b"moof", box(b"mfhd", struct.pack(">II", 0, sequence)), box(b"traf", box(b"tfhd", b"x" * 8), box(b"tfdt", tfdt))
    )


def test_a_fragment_moves_and_nothing_else_of_it_changes() -> None:
    long, short = struct.pack(">IQ", 1 << 24, 7), struct.pack(">II", 0, 7)
    assert moved(moof(long), by=1 << 40, sequence=9) == moof(struct.pack(">IQ", 1 << 24, 7 + (1 << 40)), 9)
    assert moved(moof(short), by=5, sequence=2) == moof(struct.pack(">II", 0, 12), 2)


def test_no_fragment_moves_before_the_beginning() -> None:
    with pytest.raises(ValueError, match="before the beginning"):
        moved(moof(struct.pack(">IQ", 1 << 24, 7)), by=-8, sequence=1)


def movie(media_time: int, entries: int = 1) -> bytes:
    edits = box(b"elst", struct.pack(">II", 0, entries), struct.pack(">IiI", 0, media_time, 1 << 16) * entries)
    return box(b"moov", box(b"trak", box(b"edts", edits), box(b"mdia")))


def test_headers_that_differ_in_the_delay_of_decoding_only_are_the_same() -> None:
    assert (delay(movie(7508)), delay(movie(7507))) == (7508, 7507)
    assert without_delay(movie(7508)) == without_delay(movie(7507)) == movie(0)
    for other in (movie(5, entries=2), box(b"moov", box(b"trak"))):
        assert (delay(other), without_delay(other)) == (0, other)


def test_a_fragment_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no tfdt box"):
        moved(box(b"moof", box(b"mfhd", b"\0" * 8), box(b"traf")), by=1, sequence=1)


@pytest.mark.parametrize(
    "mdhd", [struct.pack(">IIII", 0, 1, 2, 24_000), struct.pack(">IQQI", 1 << 24, 1, 2, 24_000)], ids=["32", "64"]
)
def test_the_time_scale_is_the_track_s(mdhd: bytes) -> None:
    movie = box(b"mvhd", b"\0" * 100)
    assert timescale(box(b"moov", movie, box(b"trak", box(b"tkhd"), box(b"mdia", box(b"mdhd", mdhd))))) == 24_000


def test_headers() -> None:
    assert parse_header(struct.pack(">I4sQ", 1, b"mdat", 1 << 33)) == (b"mdat", 1 << 33, 16)
    assert find(box(b"free") + box(b"moov", b"abcd"), b"moov") == (16, 20)
    with pytest.raises(ValueError, match="a box of 0 bytes"):
        parse_header(struct.pack(">I4s", 0, b"mdat"))
