"""When all timestamps of a file are read, and which jumps refuse it."""

import pytest

from sluice.media import untrusted
from sluice.media.gaps import SPARSE_BYTES_PER_S, gaps_argv, may_have_gaps, refuse_gaps
from sluice.media.probe import Headers
from sluice.media.verdicts import TimestampGap

HOUR = 3600.0


def headers(duration_s: float | None = HOUR) -> Headers:
    return Headers(container="mov", start_s=0, duration_s=duration_s, video={"index": 0}, tracks=({"index": 2},))


@pytest.mark.parametrize(
    ("duration_s", "size_bytes", "expected"),
    [
        (HOUR, 40_000, True),
        (HOUR, int(HOUR) * SPARSE_BYTES_PER_S, False),
        (60.0, 4_000, False),
        (None, 40_000, True),
        (None, untrusted.MAX_DURATION_S * SPARSE_BYTES_PER_S, False),
    ],
)
def test_only_sparse_files_are_read_whole(duration_s: float | None, size_bytes: int, expected: bool) -> None:
    assert may_have_gaps(headers(duration_s), size_bytes) is expected


def refused(lines: str) -> bool:
    try:
        refuse_gaps(headers(), lines)
    except TimestampGap:
        return True
    return False


@pytest.mark.parametrize(
    "lines",
    ["0,0.0\n0,0.04\n0,601.0\n", "2,0.0\n2,2000.0\n", "0,5000.0\n0,0.0\n", "0,-601.0\n0,0.0,\n"],
    ids=["picture", "sound", "out_of_order", "before_zero"],
)
def test_a_jump_is_refused(lines: str) -> None:
    assert refused(lines)


@pytest.mark.parametrize(
    "lines",
    ["", "0,0.0\n0,600.0\n2,3600.0\n", "1,0.0\n1,9000.0\n", "0,0.0\n0,N/A\n0,500.0\n0,", "0\n2\n"],
    ids=["nothing", "ten_minutes", "a_track_not_used", "unknown", "no_times"],
)
def test_a_pause_is_not(lines: str) -> None:
    assert not refused(lines)


def test_the_input_options_stand_before_the_input() -> None:
    argv = gaps_argv("/bin/ffprobe", "/scratch/source")
    assert argv[-2:] == ["-i", "/scratch/source"]
    assert tuple(argv[3 : 3 + len(untrusted.INPUT_OPTIONS)]) == untrusted.INPUT_OPTIONS
