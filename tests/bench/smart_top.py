"""What a copied top rendition saves: processor time of the ladder below a copied source, over the whole ladder's.

The source is what a good camera app or editor writes: 30 s of 1080p below its rung's cap with a keyframe each 2 s, made
from the demo's clip. Copy, lower rungs, sound, poster and packaging against the ordinary way with the same settings.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sluice.adapters.process import locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.media.source import SourceProbe
from sluice.service.early import EarlyRendered, render_early
from sluice.service.loudness import Gains
from sluice.service.rendering import Rendered, probe_source, render_source
from sluice.service.smart_top import render_smart_top
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP, MeteredTools, run

ROUNDS = 3
SECONDS = 30
LIMIT = 0.55  # the top rung alone is 64 % of the encoders' time
PROCESSORS = os.cpu_count() or 1
BINARIES = locate_binaries()
SETTINGS = EncodingSettings()


class Round(NamedTuple):
    whole_cpu_s: float
    smart_cpu_s: float
    whole_s: float  # by the clock
    early_s: float  # from the probed file to finished media


@cache
def rounds() -> tuple[Round, ...]:
    """Once for all figures that come from it."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        source = standard_source(Path(folder))
        return tuple(one_round(source) for _ in range(ROUNDS))


def standard_source(folder: Path) -> Path:
    path = folder / "standard.mp4"
    video = ["-c:v", "libx264", "-preset", "fast", "-b:v", "3500k", "-maxrate", "4500k", "-bufsize", "4500k"]
    argv = [BINARIES.ffmpeg, "-v", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", str(CLIP)]
    # the loop leaves a gap that no camera would
    argv += [
        "-t",
        str(SECONDS),
        "-r",
        "24000/1001",
        *video,
        "-g",
        "48",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-ac",
        "2",
        str(path),
    ]
    run(argv, folder)
    return path


def one_round(source: Path) -> Round:
    whole, smart = MeteredTools(), MeteredTools()
    whole_s = rendered(source, whole, smart=False)
    rendered(source, smart, smart=True)
    return Round(whole.cpu_s, smart.cpu_s, whole_s, early(source))


def rendered(source: Path, tools: MeteredTools, *, smart: bool) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        work = Path(folder)

        def shortcut(found: SourceProbe, gains: Gains) -> Rendered | None:
            return (
                render_smart_top(
                    found,
                    source,
                    work,
                    settings=SETTINGS,
                    tools=tools,
                    binaries=BINARIES,
                    processors=PROCESSORS,
                    on_stage=lambda *_stage: None,
                    gains=gains,
                )
                if smart
                else None
            )

        began = time.monotonic()
        made = render_source(
            source,
            work,
            settings=SETTINGS,
            tools=tools,
            binaries=BINARIES,
            processors=PROCESSORS,
            check=lambda _probed: None,
            refine=lambda plan: plan,
            on_stage=lambda *_stage: None,
            shortcut=shortcut,
        )
        took_s = time.monotonic() - began
        assert made.directory == (work / "smart" if smart else work), "the source must pass the gate"
        return took_s


def early(source: Path) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        tools, work = MeteredTools(), Path(folder)
        found = probe_source(source, work, tools=tools, binaries=BINARIES)
        began = time.monotonic()
        made = render_early(source, work, found, SETTINGS, tools=tools, binaries=BINARIES)
        assert isinstance(made, EarlyRendered), made
        return time.monotonic() - began


def figures() -> Iterator[Figure]:
    whole, smart = min(r.whole_cpu_s for r in rounds()), min(r.smart_cpu_s for r in rounds())
    yield Figure("smart_top_cpu_ratio", smart / whole, "ratio", LIMIT)
