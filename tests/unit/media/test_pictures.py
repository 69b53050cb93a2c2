"""Which pictures stand for a video, and where they are taken from."""

from fractions import Fraction

import pytest

from sluice.domain.encoding import VideoCodec
from sluice.domain.pictures import Storyboard
from sluice.media.geometry import fitted
from sluice.media.ladder import VideoRendition
from sluice.media.pictures import best_candidate, plan_storyboard, preview_argv, source_of
from sluice.media.storyboard import storyboard_vtt


def made(width: int, height: int, *, hdr: bool = False) -> VideoRendition:
    return VideoRendition(
        name=f"{'hevc' if hdr else 'v'}{min(width, height)}",
        codec=VideoCodec.HEVC if hdr else VideoCodec.H264,
        width=width,
        height=height,
        rate=Fraction(25),
        gop_frames=50,
        crf=23,
        max_kbps=1000,
        profile="main",
        level="4.0",
        hdr=hdr,
    )


LADDER = [made(1920, 1080, hdr=True), made(1920, 1080), made(1280, 720), made(640, 360), made(426, 240)]


@pytest.mark.parametrize(("long_side", "name"), [(1280, "v720"), (320, "v240"), (192, "v240"), (4000, "v1080")])
def test_a_picture_comes_from_the_smallest_rendition_that_is_large_enough(long_side: int, name: str) -> None:
    assert source_of(LADDER, long_side).name == name


def test_hdr_alone_still_gives_pictures() -> None:
    assert source_of(LADDER[:1], 1280).name == "hevc1080"


@pytest.mark.parametrize(("sizes", "best"), [([10], 0), ([90, 20, 30, 25], 2), ([9, 5], 1)])
def test_the_picture_with_most_to_see_wins_over_the_title(sizes: list[int], best: int) -> None:
    assert best_candidate(sizes) == best


@pytest.mark.parametrize(
    ("duration_s", "interval_s", "tiles", "columns", "rows", "sheets"),
    [
        (0.5, 2, 1, 1, 1, 1),
        (12.4, 2, 7, 7, 1, 1),
        (60, 2, 30, 10, 3, 1),
        (600, 6, 100, 10, 10, 1),
        (7200, 10, 720, 10, 10, 8),
    ],
)
def test_tiles_come_every_few_seconds(
    duration_s: float, interval_s: int, tiles: int, columns: int, rows: int, sheets: int
) -> None:
    board = plan_storyboard(made(1280, 720), duration_s)
    assert (board.interval_s, board.tiles, board.columns, board.rows) == (interval_s, tiles, columns, rows)
    assert board.sheets == sheets
    assert (board.tile_width, board.tile_height) == (192, 108)


def test_a_track_covers_the_whole_video_without_a_gap() -> None:
    board = Storyboard(interval_s=10, tiles=720, tile_width=192, tile_height=108, columns=10, rows=10)
    lines = storyboard_vtt(board, 7195.25, lambda name: f"/{name}").splitlines()
    times = [line.split(" --> ") for line in lines if "-->" in line]
    assert len(times) == 720
    assert all(before[1] == after[0] for before, after in zip(times, times[1:], strict=False))
    assert (times[0][0], times[-1][1]) == ("00:00:00.000", "01:59:55.250")
    assert lines[-1] == "" or lines[-1].startswith("/storyboard-008.jpg#xywh=")


def test_a_preview_takes_pieces_from_all_over() -> None:
    argv = preview_argv("/bin/ffmpeg", "v360.mp4", made(640, 360), 400)
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "-ss"] == ["49.250", "149.250", "249.250", "349.250"]


def test_a_short_video_is_its_own_preview() -> None:
    argv = preview_argv("/bin/ffmpeg", "v360.mp4", made(640, 360), 4)
    assert [argv[i + 1] for i, word in enumerate(argv) if word in ("-ss", "-t")] == ["0.000", "4.000"]


@pytest.mark.parametrize(
    ("size", "expected"), [((1920, 1080), (192, 108)), ((1080, 1920), (108, 192)), ((100, 50), (100, 50))]
)
def test_a_picture_keeps_its_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(*size, 192) == expected
