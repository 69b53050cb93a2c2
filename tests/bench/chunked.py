"""What encoding in chunks of a minute costs beyond one run: processor time of cutting, all chunks and joining, over it;
and how far bits and quality are from one run's.

Both in turn, on three minutes of the demo's real clip at 640x360, which is repeated for the length.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sluice.adapters.process import ToolRunner, locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.domain.tools import Binaries, ToolLimits, ToolTask
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import Plan, plan_transcode
from sluice.service.chunk_plan import windows_of
from sluice.service.chunk_ports import Chunking
from sluice.service.cutting import Cutter
from sluice.service.joining import Part, join
from sluice.service.rendering import encode, probe_source
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP, MeteredTools

ROUNDS = 3
SECONDS, CHUNK_S = 180, 60
LIMIT = 1.05  # a chunk decodes some seconds before its first frame, and its encoder begins anew
MOST_BITS, MOST_VMAF = 0.005, 0.2  # difference from one run, of any rendition's size and of the best one's quality
CHUNKING = Chunking(over_s=CHUNK_S, length_s=CHUNK_S)


def make_source(folder: Path, binaries: Binaries) -> Path:
    source = folder / "source"
    form = ["-vf", "scale=640:360", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-an", "-f", "mp4"]
    argv = [binaries.ffmpeg, "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", str(CLIP), "-t", str(SECONDS)]
    ended = ToolRunner().run(ToolTask(argv=(*argv, *form, str(source)), cwd=folder, limits=ToolLimits(deadline_s=900)))
    if ended.exit_code:
        raise RuntimeError(ended.stderr_tail)
    return source


def at_once(source: Path, plan: Plan, work: Path, binaries: Binaries) -> float:
    """Seconds of processor time."""
    tools = MeteredTools()
    encode(
        source,
        work,
        plan,
        tools=tools,
        binaries=binaries,
        processors=os.cpu_count() or 1,
        on_stage=lambda *_stage: None,
    )
    return tools.cpu_s


def in_chunks(source: Path, plan: Plan, work: Path, binaries: Binaries) -> float:
    """Seconds of processor time, joining included."""
    tools = MeteredTools()
    windows = windows_of(plan, CHUNKING)
    assert len(windows) == SECONDS // CHUNK_S
    for number, piece in enumerate(Cutter(source, work, plan, tools=tools, binaries=binaries).pieces(windows)):
        (folder := work / f"chunk{number}").mkdir()
        encode(
            piece,
            folder,
            plan,
            tools=tools,
            binaries=binaries,
            processors=os.cpu_count() or 1,
            on_stage=lambda *_stage: None,
            window=windows[number],
        )
    began = time.process_time()
    for name in plan.names:
        parts = [Part(work / f"chunk{n}" / intermediate(name), window.start_s) for n, window in enumerate(windows)]
        join(parts, work / intermediate(name))
    return tools.cpu_s + time.process_time() - began


def vmaf(made: Path, source: Path, work: Path, binaries: Binaries) -> float:
    """Mean over every fifth frame."""
    graph = f"[0:v][1:v]libvmaf=n_subsample=5:n_threads={os.cpu_count()}:log_fmt=json:log_path=vmaf.json"
    argv = (binaries.ffmpeg, "-v", "error", "-nostdin", "-i", str(made), "-i", str(source), "-lavfi", graph)
    task = ToolTask(argv=(*argv, "-f", "null", "-"), cwd=work, limits=ToolLimits(deadline_s=900))
    if (ended := ToolRunner().run(task)).exit_code:
        raise RuntimeError(ended.stderr_tail)
    return float(json.loads((work / "vmaf.json").read_text())["pooled_metrics"]["vmaf"]["mean"])


def differences(source: Path, plan: Plan, whole: Path, chunks: Path, binaries: Binaries) -> Iterator[Figure]:
    files = [intermediate(name) for name in plan.names]
    bits = [(chunks / file).stat().st_size / (whole / file).stat().st_size - 1 for file in files]
    yield Figure("chunked_bitrate_difference", max(map(abs, bits)), "ratio", MOST_BITS)
    quality = [vmaf(work / files[0], source, work, binaries) for work in (whole, chunks)]
    yield Figure("chunked_vmaf_difference", abs(quality[0] - quality[1]), "vmaf", MOST_VMAF)


def figures() -> Iterator[Figure]:
    binaries = locate_binaries()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        source = make_source(folder, binaries)
        plan = plan_transcode(probe_source(source, folder, tools=ToolRunner(), binaries=binaries), EncodingSettings())
        for number in range(ROUNDS):
            works = [folder / f"{kind}{number}" for kind in ("whole", "chunks")]
            for work in works:
                work.mkdir()
            rounds.append((at_once(source, plan, works[0], binaries), in_chunks(source, plan, works[1], binaries)))
        whole, chunked = (min(measured) for measured in zip(*rounds, strict=True))
        yield Figure("chunked_cpu_ratio", chunked / whole, "ratio", LIMIT)
        yield from differences(source, plan, works[0], works[1], binaries)
