"""A film in chunks beside the same film in one run: the same frames at the same times, and the same quality."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import EncodingSettings, VideoCodec
from sluice.media.chunks import plan_windows
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import Plan, plan_transcode
from sluice.service.cutting import Cutter, NotChunkable
from sluice.service.joining import Part, join
from sluice.service.rendering import encode, finish
from tests.media.clips import BINARIES, Clip, ffmpeg, make
from tests.media.conftest import probe_file
from tests.media.measure import decoded_frames, frames, joined

CHUNK_S = 6.1  # at 23.976 frames/s one segment is 6.006 s
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "75", "-bf", "3", "-b:v", "1500k")
GRAIN = "noise=alls=12:allf=t"
BUILT_IN = EncodingSettings()


class Both(NamedTuple):
    plan: Plan
    whole: Path  # holds one file per rendition, encoded at once
    chunked: Path  # the same, joined from chunks


def encode_both(source: Path, folder: Path, settings: EncodingSettings = BUILT_IN, chunk_s: float = CHUNK_S) -> Both:
    probed = probe_file(source, folder)
    plan = plan_transcode(probed.model_copy(update={"tracks": ()}), settings)
    tools = {"tools": ToolRunner(), "binaries": BINARIES}
    at_once = {"processors": 1, "on_stage": lambda *_stage: None, **tools}
    (whole := folder / "whole").mkdir()
    encode(source, whole, plan, **at_once)
    (chunked := folder / "chunked").mkdir()
    assert probed.video is not None and probed.video.duration_s is not None and plan.gop_frames is not None
    windows = plan_windows(
        duration_s=probed.video.duration_s,
        rate=probed.video.rate,
        segment_frames=plan.gop_frames * plan.gops_per_segment,
        chunk_s=chunk_s,
    )
    assert len(windows) > 1
    for number, piece in enumerate(Cutter(source, folder, plan, **tools).pieces(windows)):
        (work := folder / f"chunk{number}").mkdir()
        encode(piece, work, plan, window=windows[number], **at_once)
    for name in plan.names:
        parts = [Part(folder / f"chunk{n}" / intermediate(name), w.start_s) for n, w in enumerate(windows)]
        join(parts, chunked / intermediate(name))
    return Both(plan, whole, chunked)


def vmaf(made: Path, source: Path, size: str) -> float:
    log = made.parent / "vmaf.json"
    scaled = f"[0:v]scale={size}:flags=bicubic[a];[1:v]scale={size}:flags=bicubic[b]"
    graph = f"{scaled};[a][b]libvmaf=n_subsample=3:n_threads=2:log_fmt=json:log_path={log}"
    ffmpeg("-i", str(made), "-i", str(source), "-lavfi", graph, "-f", "null", "-")
    return float(json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """18 s at 23.976 frames/s with B-frames, sound, and keyframes of its own: three chunks, three segments."""
    folder = tmp_path_factory.mktemp("film")
    clip = Clip(rate="24000/1001", size="640x360", seconds=18.1, filters=GRAIN, video=X264)
    return encode_both(make(clip, folder).rename(folder / "source"), folder)


def test_joined_chunks_have_the_frames_of_one_run(film: Both) -> None:
    for name in film.plan.names:
        whole, chunked = (frames(folder / intermediate(name)) for folder in (film.whole, film.chunked))
        assert len(whole) == 434
        assert [one.key for one in whole].count(True) == 10
        assert chunked == whole
        assert decoded_frames(film.chunked / intermediate(name)) == 434


def test_joined_chunks_have_the_bits_and_the_quality_of_one_run(film: Both) -> None:
    """Up to 2 % of bits for chunks of 6 s, each of which begins with a guess of its rate buffer; a minute's: 0.5 %."""
    for rendition in film.plan.video:
        whole, chunked = (folder / intermediate(rendition.name) for folder in (film.whole, film.chunked))
        assert abs(chunked.stat().st_size / whole.stat().st_size - 1) <= 0.02
    source, size = film.whole.parent / "source", "640:360"
    best = intermediate(film.plan.names[0])
    before, after = vmaf(film.whole / best, source, size), vmaf(film.chunked / best, source, size)
    assert before > 50
    assert abs(after - before) <= 0.2


def test_packaged_chunks_are_cut_where_one_run_is(film: Both) -> None:
    tools = {"tools": ToolRunner(), "binaries": BINARIES}
    whole, chunked = (finish(folder, film.plan, 434, **tools) for folder in (film.whole, film.chunked))
    for name in film.plan.names:
        assert frames(joined(chunked, name)) == frames(joined(whole, name))
        assert len(list((chunked.directory / name).glob("seg-*"))) == 4
        assert (chunked.directory / f"{name}.m3u8").read_text().count("#EXTINF") == 4
    assert chunked.duration_s == whole.duration_s


def test_chunks_of_every_codec_are_joined(tmp_path: Path) -> None:
    """Each encoder writes a header of its own, and those of all chunks have to be the same."""
    settings = EncodingSettings(codecs=tuple(VideoCodec), gop_s=1, segment_s=1)
    source = make(Clip(size="160x96", seconds=3, sound=False), tmp_path)
    both = encode_both(source, tmp_path, settings, chunk_s=1)
    assert both.plan.names == ["v96", "hevc96", "av96"]
    for name in both.plan.names:
        whole, chunked = (frames(folder / intermediate(name)) for folder in (both.whole, both.chunked))
        assert len(whole) == 75
        assert chunked == whole


def shades(file: Path) -> list[int]:
    """How bright every frame is."""
    argv = [BINARIES.ffmpeg, "-v", "error", "-i", str(file), "-vf", "scale=1:1,format=gray", "-f", "rawvideo", "-"]
    return list(subprocess.run(argv, check=True, capture_output=True).stdout)


def test_odd_sources_are_cut_exactly_too(tmp_path: Path) -> None:
    """Turned, of a variable rate with a pause across a chunk's end, and beginning late."""
    filters = "geq=lum=30+mod(N*37\\,200):cb=128:cr=128"  # each frame has a shade of its own
    filters += ",select='not(between(n,130,180))*(gt(mod(n,7),1)+lt(n,60))',setpts=PTS+1.37/TB"
    source = make(Clip(size="160x120", seconds=13, filters=filters, video=(*X264, "-fps_mode", "vfr")), tmp_path)
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", str(source), "-c", "copy", str(turned))
    both = encode_both(turned, tmp_path)
    [rendition] = both.plan.video
    assert (rendition.width, rendition.height) == (120, 160)
    whole, chunked = (folder / intermediate(rendition.name) for folder in (both.whole, both.chunked))
    assert both.plan.source.video is not None and both.plan.source.video.variable_rate
    assert frames(chunked) == frames(whole)
    differences = [abs(a - b) for a, b in zip(shades(whole), shades(chunked), strict=True)]
    assert len(differences) > 280
    assert max(differences) <= 3


def test_a_source_with_one_keyframe_is_left_to_one_task(tmp_path: Path) -> None:
    intra_refresh = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "9999", "-sc_threshold", "0")
    source = make(Clip(size="160x120", seconds=40, sound=False, video=intra_refresh), tmp_path)
    plan = plan_transcode(probe_file(source, tmp_path), EncodingSettings())
    windows = plan_windows(duration_s=40, rate=Fraction(25), segment_frames=150, chunk_s=6)
    with pytest.raises(NotChunkable, match="too few keyframes"):
        list(Cutter(source, tmp_path, plan, tools=ToolRunner(), binaries=BINARIES).pieces(windows))
    assert list(tmp_path.glob("*.nut")) == []
