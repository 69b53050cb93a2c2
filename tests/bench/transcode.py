"""What a transcode costs beyond its encoders: processor time of everything, over x264 alone on frames that are ready.

The floor is libx264 with our own settings, fed with raw frames of each rendition's size; decoding, scaling, sound,
pictures, probing and packaging are on top. Its threads are as many as x264 takes by itself: what fewer save counts as
ours. The second figure's floor has as few as ours, so what is above it is the work that remains. All is measured in
turn on the same real source, the demo's clip. A longer one would flatter: the preview costs the same for any length.
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
LIMIT = 1.24  # one ffmpeg process with one thread per encoder measured 1.15 before packaging; four processes cost 1.74
SAME_THREADS_LIMIT = (
    1.32  # decoding and scaling were a fifth in that trial, packaging a twentieth, pictures a twentieth
)


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


def encoders_alone(source: Path, plan: Plan, work: Path, binaries: Binaries) -> tuple[float, float]:
    """One after the other, with x264's own number of threads, then with that which each has beside the others."""
    quietly = [binaries.ffmpeg, "-v", "error", "-nostdin", "-y"]
    run([*quietly, "-i", str(source), *(word for made in plan.video for word in as_frames(made))], work)
    argv = ffmpeg.encode_argv(binaries.ffmpeg, str(source), plan, processors=PROCESSORS)
    own, same = 0.0, 0.0
    for made in plan.video:
        words = options(made, argv)
        at = words.index("-threads")
        own += run([*quietly, *from_frames(made), *words[:at], *words[at + 2 :], "alone.mp4"], work)
        same += run([*quietly, *from_frames(made), *words, "alone.mp4"], work)
    return own, same


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


def one_round(binaries: Binaries) -> tuple[float, float, float]:
    """(everything, floor, floor with as few threads) in seconds of processor time."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        (work := Path(folder) / "whole").mkdir()
        ours, plan = whole(CLIP, work, binaries)
        return ours, *encoders_alone(CLIP, plan, Path(folder), binaries)


def figures() -> Iterator[Figure]:
    binaries = locate_binaries()
    rounds = [one_round(binaries) for _ in range(ROUNDS)]
    ours, floor, same = (min(measured) for measured in zip(*rounds, strict=True))  # others on the machine cost least
    yield Figure("transcode_cpu_over_floor", ours / floor, "ratio", LIMIT)
    yield Figure("transcode_cpu_over_floor_same_threads", ours / same, "ratio", SAME_THREADS_LIMIT)
