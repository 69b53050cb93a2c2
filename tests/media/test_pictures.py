"""Pictures of a video that is black, then red, then full of detail."""

import json
import subprocess
from pathlib import Path

import pytest

from sluice.service.rendering import Rendered
from tests.media.clips import BINARIES, ffmpeg
from tests.media.conftest import render_file


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    folder = tmp_path_factory.mktemp("scenes")
    scenes = [f"color={colour}:size=320x180:rate=25:duration=4" for colour in ("black", "red")]
    scenes.append("testsrc2=size=320x180:rate=25:duration=5")
    inputs = [word for scene in scenes for word in ("-f", "lavfi", "-i", scene)]
    graph = "[0][1][2]concat=n=3,format=yuv420p"
    ffmpeg(*inputs, "-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", str(folder / "source.mp4"))
    (folder / "out").mkdir()
    return render_file((folder / "source.mp4").rename(folder / "source"), folder / "out")


def test_the_poster_is_of_the_scene_with_most_to_see(rendered: Rendered) -> None:
    assert rendered.pictures.has_poster
    assert brightest_spread(rendered.directory / "poster.jpg", 320, 180) > 200  # neither black nor plain red


def test_a_tile_shows_its_time(rendered: Rendered) -> None:
    board = rendered.pictures.storyboard
    assert board is not None and (board.tiles, board.columns, board.rows, board.interval_s) == (7, 7, 1, 2)
    sheet = rendered.directory / "storyboard-001.jpg"
    assert size(sheet) == (7 * board.tile_width, board.tile_height)
    spreads = [brightest_spread(sheet, board.tile_width, board.tile_height, tile) for tile in range(7)]
    assert [spread > 100 for spread in spreads] == [False] * 4 + [True] * 3  # detail begins at 8 s


def test_the_preview_is_short_small_and_silent(rendered: Rendered) -> None:
    assert rendered.pictures.has_preview
    streams = probe(rendered.directory / "preview.mp4")["streams"]
    assert [stream["codec_type"] for stream in streams] == ["video"]
    assert float(streams[0]["duration"]) == pytest.approx(6, abs=0.5)  # four pieces, each rounded to whole frames
    assert (rendered.directory / "preview.webp").read_bytes()[8:12] == b"WEBP"


def size(path: Path) -> tuple[int, int]:
    stream = probe(path)["streams"][0]
    return stream["width"], stream["height"]


def probe(path: Path) -> dict[str, list[dict[str, str]]]:
    argv = [BINARIES.ffprobe, "-v", "error", "-show_streams", "-of", "json", str(path)]
    return json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)  # type: ignore[no-any-return]


def brightest_spread(path: Path, width: int, height: int, tile: int = 0) -> int:
    """Difference of the brightest and the darkest pixel within one tile."""
    crop = f"crop={width}:{height}:{tile * width}:0,format=gray"
    argv = [BINARIES.ffmpeg, "-v", "error", "-i", str(path), "-vf", crop, "-f", "rawvideo", "-"]
    pixels = subprocess.run(argv, check=True, capture_output=True).stdout
    return max(pixels) - min(pixels)
