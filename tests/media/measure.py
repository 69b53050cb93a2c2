"""What is really in the finished media: read back from the bytes, not from what the playlists claim."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sluice.media.playlists import segment_durations_s
from sluice.service.rendering import Rendered
from tests.media.clips import BINARIES
from tests.media.tracks import measured_segments


class Frame(NamedTuple):
    pts_s: float
    key: bool


def joined(rendered: Rendered, name: str) -> Path:
    """A rendition as a player sees it: its init segment and all media segments in order."""
    folder = rendered.directory / name
    target = rendered.directory / f"{name}-joined.mp4"
    parts = [folder / "init.mp4", *sorted(folder.glob("seg-*.m4s"))]
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def frames(path: Path) -> list[Frame]:
    """Every frame in order of presentation, from the container."""
    packets = ffprobe(path, "-select_streams", "v:0", "-show_entries", "packet=pts_time,flags")["packets"]
    return sorted(Frame(float(packet["pts_time"]), packet["flags"].startswith("K")) for packet in packets)


def decoded_frames(path: Path) -> int:
    """What a decoder makes of it; a damaged frame fails the run."""
    answer = ffprobe(path, "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=nb_read_frames")
    return int(answer["streams"][0]["nb_read_frames"])


def first_pts_s(path: Path, stream: str) -> float:
    packets = ffprobe(path, "-select_streams", stream, "-show_entries", "packet=pts_time")["packets"]
    return min(float(packet["pts_time"]) for packet in packets)


def streams(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ffprobe(path, "-show_streams")["streams"]
    return found


def ffprobe(path: Path, *arguments: str) -> dict[str, Any]:
    argv = [BINARIES.ffprobe, "-v", "error", *arguments, "-of", "json", str(path)]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert answer.stderr == "", answer.stderr
    parsed: dict[str, Any] = json.loads(answer.stdout)
    return parsed


def durations(rendered: Rendered, name: str) -> list[float]:
    return segment_durations_s((rendered.directory / f"{name}.m3u8").read_text())


def assert_aligned(rendered: Rendered) -> None:
    """Any player may switch renditions at any segment: the checker that every ladder has to pass."""
    measured = {name: measured_segments(rendered.directory / name) for name in rendered.plan.names}
    for name, segments in measured.items():
        # EXTINF has three decimals; Packager counts the last sample of a segment up to the next one.
        assert durations(rendered, name) == [pytest.approx(float(one.length_s), abs=0.0021) for one in segments], name
    pictures = {made.name: measured[made.name] for made in rendered.plan.video}
    sounds = {made.name: measured[made.name] for made in rendered.plan.audio}
    for segments in pictures.values():
        starts = [float(one.first_pts_s) for one in next(iter(pictures.values()))]
        assert [float(one.first_pts_s) for one in segments] == [pytest.approx(start, abs=0.001) for start in starts]
        assert starts[0] == pytest.approx(0, abs=0.001)
    if pictures:
        lengths = [sum(one.length_s for one in segments) for segments in pictures.values()]
        assert max(lengths) - min(lengths) <= 1 / min(made.rate for made in rendered.plan.video)
        for segments in sounds.values():
            assert segments[0].first_pts_s <= Fraction(20, 1000)
