"""What a transcode costs beyond its encoders: processor time of everything, over x264 alone on frames that are ready.

The floor is libx264 with our own settings, fed with raw frames of each rendition's size; decoding, scaling, sound,
pictures, probing and packaging are on top. Both are measured in turn on the same real source, the demo's clip. A longer
one would flatter: probing and the preview cost the same for any length.
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
PROCESSORS = os.cpu_count() or 1
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
        processors=PROCESSORS,
        check=lambda _probed: None,
        refine=lambda plan: plan,
        on_stage=lambda *_stage: None,
    )
    return tools.cpu_s, rendered.plan


def encoders_alone(source: Path, plan: Plan, work: Path, binaries: Binaries) -> float:
    """One after the other, each with the very options that it has beside the others."""
    quietly = [binaries.ffmpeg, "-v", "error", "-nostdin", "-y"]
    run([*quietly, "-i", str(source), *(word for made in plan.video for word in as_frames(made))], work)
    argv = ffmpeg.encode_argv(binaries.ffmpeg, str(source), plan, processors=PROCESSORS)
    return sum(run([*quietly, *from_frames(made), *options(made, argv), "alone.mp4"], work) for made in plan.video)


def as_frames(made: VideoRendition) -> list[str]:
    scaled = f"scale={made.width}:{made.height},format=yuv420p"
    return ["-map", "0:v:0", "-vf", scaled, "-fps_mode", "passthrough", "-f", "rawvideo", f"{made.name}.yuv"]


def from_frames(made: VideoRendition) -> list[str]:
    form = ["-pixel_format", "yuv420p", "-video_size", f"{made.width}x{made.height}", "-framerate", str(made.rate)]
    return ["-f", "rawvideo", *form, "-i", f"{made.name}.yuv"]


def options(made: VideoRendition, argv: list[str]) -> list[str]:
    """Those of one rendition's output."""
    return argv[argv.index(f"[{made.name}]") + 1 : argv.index(ffmpeg.intermediate(made.name))]


def run(argv: list[str], work: Path) -> float:
    """Seconds of processor time."""
    ended = ToolRunner().run(ToolTask(argv=tuple(argv), cwd=work, limits=ToolLimits(deadline_s=900)))
    if ended.exit_code:
        raise RuntimeError(ended.stderr_tail)
    return ended.cpu_s


def one_round(binaries: Binaries) -> tuple[float, float]:
    """(everything, floor) in seconds of processor time."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        (work := Path(folder) / "whole").mkdir()
        ours, plan = whole(CLIP, work, binaries)
        return ours, encoders_alone(CLIP, plan, Path(folder), binaries)


def figures() -> Iterator[Figure]:
    binaries = locate_binaries()
    rounds = [one_round(binaries) for _ in range(ROUNDS)]
    ours, floor = (min(measured) for measured in zip(*rounds, strict=True))  # what others on the machine cost least
    yield Figure("transcode_cpu_over_floor", ours / floor, "ratio", LIMIT)
