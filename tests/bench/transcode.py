"""What a transcode costs beyond its encoders: processor time of everything, over x264 alone on frames that are ready.

The floor is libx264 with our own settings, fed with raw frames of each rendition's size; decoding, scaling, sound,
pictures, probing and packaging are on top. Both are measured in turn on the same real source: the demo's
clip three times over.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sluice.adapters.process import ToolRunner, locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.domain.tools import Binaries, Progress, ToolLimits, ToolOutput, ToolTask
from sluice.media import ffmpeg
from sluice.media.ladder import Plan, VideoRendition
from sluice.service.rendering import render_source
from tests.bench.figure import Figure

REPOSITORY = Path(__file__).resolve().parents[2]
CLIP = REPOSITORY / "node_modules" / "startbootstrap-coming-soon" / "dist" / "assets" / "mp4" / "bg.mp4"
REPEATED = 3  # 37 s: probing and the preview cost the same for any length
ROUNDS = 3
LIMIT = 1.24  # one ffmpeg process, decoded once, measured 1.15 before packaging; four processes cost 1.74


class MeteredTools:
    """Adds up the processor time of every program, and keeps the most memory that one held."""

    def __init__(self) -> None:
        self._runner = ToolRunner()
        self.cpu_s = 0.0
        self.most_rss_bytes = 0

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        output = self._runner.run(task, on_progress=on_progress)
        self.cpu_s += output.cpu_s
        self.most_rss_bytes = max(self.most_rss_bytes, output.max_rss_bytes)
        return output


def whole(source: Path, work: Path, binaries: Binaries) -> tuple[float, Plan]:
    tools = MeteredTools()
    rendered = render_source(
        source,
        work,
        settings=EncodingSettings(),
        tools=tools,
        binaries=binaries,
        processors=os.cpu_count() or 1,
        check=lambda _probed: None,
        refine=lambda plan: plan,
        on_stage=lambda *_stage: None,
    )
    return tools.cpu_s, rendered.plan


def encoder_alone(source: Path, rendition: VideoRendition, plan: Plan, work: Path, binaries: Binaries) -> float:
    assert plan.source.video is not None
    rate = str(plan.source.video.rate)
    size = f"{rendition.width}:{rendition.height}"
    raw = work / "frames.yuv"
    run(
        [binaries.ffmpeg, "-v", "error", "-nostdin", "-y", "-i", str(source), "-map", "0:v:0"]
        + ["-vf", f"scale={size},format=yuv420p", "-fps_mode", "passthrough", "-f", "rawvideo", str(raw)],
        work,
    )
    whole_argv = ffmpeg.encode_argv(binaries.ffmpeg, str(source), plan, processors=os.cpu_count() or 1)
    start = whole_argv.index(f"[{rendition.name}]") + 1
    settings = whole_argv[start : whole_argv.index(ffmpeg.intermediate(rendition.name))]
    frames = ["-f", "rawvideo", "-pixel_format", "yuv420p", "-video_size", size.replace(":", "x"), "-framerate", rate]
    return run(
        [binaries.ffmpeg, "-v", "error", "-nostdin", "-y", *frames, "-i", str(raw), *settings, "alone.mp4"], work
    )


def repeated(folder: Path, binaries: Binaries) -> Path:
    source = folder / "source.mp4"
    looped = ["-stream_loop", str(REPEATED - 1), "-i", str(CLIP), "-c", "copy", str(source)]
    run([binaries.ffmpeg, "-v", "error", "-nostdin", "-y", *looped], folder)
    return source


def run(argv: list[str], work: Path) -> float:
    ended = ToolRunner().run(ToolTask(argv=tuple(argv), cwd=work, limits=ToolLimits(deadline_s=900)))
    if ended.exit_code:
        raise RuntimeError(ended.stderr_tail)
    return ended.cpu_s


def one_round(binaries: Binaries) -> tuple[float, float]:
    """(everything, floor) in seconds of processor time."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        (work := Path(folder) / "whole").mkdir()
        source = repeated(Path(folder), binaries)
        ours, plan = whole(source, work, binaries)
        floor = sum(encoder_alone(source, rendition, plan, Path(folder), binaries) for rendition in plan.video)
        return ours, floor


def figures() -> Iterator[Figure]:
    binaries = locate_binaries()
    rounds = [one_round(binaries) for _ in range(ROUNDS)]
    ours, floor = (min(measured) for measured in zip(*rounds, strict=True))
    yield Figure("transcode_cpu_over_floor", ours / floor, "ratio", LIMIT)
