"""Thumbnails by the real program: the right frame, and nothing of a sent file but its picture."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.tools import Binaries
from sluice.service.thumbnail_making import MakingDeps, make_thumbnail
from tests.fakes.published import ASSET, TENANT, version
from tests.media.clips import BINARIES, ffmpeg
from tests.media.conftest import render_file
from tests.media.jpegs import pixel, size
from tests.unit.thumbnail_world import ThumbnailWorld

LAYER = Binaries(BINARIES.copier, BINARIES.ffprobe, BINARIES.packager, BINARIES.copier)  # the function has no other
COLOURS = ["red", "lime", "blue", "white", "black", "yellow", "magenta", "cyan"]  # one a second
RGB = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (255, 255, 0), (255, 0, 255), (0, 255, 255)]


class Made(ThumbnailWorld):
    """A world whose program is ffmpeg."""

    @property
    def deps(self) -> MakingDeps:
        return MakingDeps(
            environment="dev",
            records=self.records,
            storage=self._storage,
            scratch=directory,
            tools=ToolRunner(),
            binaries=LAYER,
            ids=self.new_id,
            now=self.now,
        )

    def result(self, time_s: float | None, body: bytes = b"") -> bytes:
        """The JPEG; raises AssertionError with the code of what it was refused for."""
        made = self.ask(time_s)
        if time_s is None:
            self.sent.objects[self.thumbnail(made).upload_key] = body
        make_thumbnail(tenant_id=TENANT, asset_id=ASSET, thumbnail_id=made, deps=self.deps)
        error = self.thumbnail(made).error
        assert error is None, error.code
        return self.media.objects[self.thumbnail(made).media_key].body


@contextmanager
def directory() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds in two segments, another colour each second."""
    folder = tmp_path_factory.mktemp("colours")
    inputs = [
        word for name in COLOURS for word in ("-f", "lavfi", "-i", f"color={name}:size=320x180:rate=25:duration=1")
    ]
    graph = "".join(f"[{n}]" for n in range(len(COLOURS))) + f"concat=n={len(COLOURS)},format=yuv420p"
    ffmpeg(*inputs, "-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", str(folder / "clip.mp4"))
    (folder / "out").mkdir()
    return render_file((folder / "clip.mp4").rename(folder / "source"), folder / "out").directory


@pytest.mark.parametrize(("time_s", "colour"), [(0, 0), (0.999, 0), (1, 1), (5.5, 5), (6.02, 6), (7.98, 7)])
def test_the_frame_is_the_one_that_is_shown_then(world: Made, segments: Path, time_s: float, colour: int) -> None:
    [name] = {path.parent.name for path in segments.glob("v*/init.mp4")}
    prefix = version().media_prefix
    for path in (segments / name).iterdir():
        world.stored.objects[f"{prefix}v720/{path.name}"] = path.read_bytes()
    playlist = (segments / f"{name}.m3u8").read_text().replace(f"{name}/", "v720/")
    world.stored.objects[f"{version().playlists_prefix}v720.m3u8"] = playlist.encode()
    assert pixel(world.result(time_s)) == pytest.approx(RGB[colour], abs=12)


def picture(folder: Path, *arguments: str, name: str = "a.jpg") -> bytes:
    ffmpeg(*arguments, "-frames:v", "1", str(folder / name))
    return (folder / name).read_bytes()


def test_a_sent_picture_keeps_its_looks_and_loses_everything_else(world: Made, tmp_path: Path) -> None:
    sent = picture(tmp_path, "-f", "lavfi", "-i", "color=blue:size=2400x1200,drawbox=w=1200:h=1200:color=red:t=fill")
    tagged = with_exif(sent, b"55.7558N 37.6173E", orientation=6) + b"<script>alert(1)</script>"
    made = world.result(None, tagged)
    assert made[:3] == b"\xff\xd8\xff" and b"Exif" not in made
    assert b"55.7558" not in made and b"script" not in made
    assert size(made) == (960, 1920)  # upright, and no longer than 1920
    assert pixel(made, "crop=iw:ih/2:0:0") == pytest.approx((255, 0, 0), abs=12)  # turned: its left side is up


@pytest.mark.parametrize(
    "options",
    [("-pix_fmt", "gray"), ("-pix_fmt", "yuvj444p"), ("-vf", "setsar=2/1")],
    ids=["grey", "444", "wide pixels"],
)
def test_odd_pictures_become_ordinary_ones(world: Made, tmp_path: Path, options: tuple[str, ...]) -> None:
    sent = picture(tmp_path, "-f", "lavfi", "-i", "testsrc2=size=201x101", *options)
    width, height = size(world.result(None, sent))
    assert (width % 2, height % 2) == (0, 0)
    assert width / height == pytest.approx(4 if "setsar=2/1" in options else 2, rel=0.03)


def test_what_is_no_picture_or_too_large_is_refused(world: Made, tmp_path: Path) -> None:
    png = picture(tmp_path, "-f", "lavfi", "-i", "color=red:size=64x64", name="a.png")
    large = picture(tmp_path, "-f", "lavfi", "-i", "color=red:size=8000x6000")
    playlist = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n"
    for body, code in (
        (png, "input.not_picture"),
        (playlist, "input.not_picture"),
        (b"\xff\xd8\xff\xe0" + playlist, "input.not_picture"),
        (b"\xff\xd8\xff" + bytes(100_000), "input.not_picture"),
        (large, "input.picture_too_large"),
    ):
        with pytest.raises(AssertionError, match=code):
            world.result(None, body)


def with_exif(jpeg: bytes, place: bytes, *, orientation: int) -> bytes:
    """Two entries of IFD0: a text, and which way is up."""
    text = place + b"\0"
    entries = struct.pack(">HHII", 0x010E, 2, len(text), 38) + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    segment = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + entries + struct.pack(">I", 0) + text
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
