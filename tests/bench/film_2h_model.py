"""A two-hour 1080p film on Fargate, as a model: minutes and dollars for 1 task of 16 vCPU, 16 of 4 and 30 of 4.

Measured here, on a film made of the demo's real clip: processor time of the default ladder, of cutting, of joining and
of packaging, each per second of film. Assumed, and printed: what no measurement on this machine can tell.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sluice.adapters.process import ToolRunner, locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.domain.tools import Binaries
from sluice.media.chunks import Window
from sluice.media.ffmpeg import FRAGMENTED_MP4, intermediate
from sluice.media.ladder import plan_transcode
from sluice.service.chunk_plan import windows_of
from sluice.service.chunk_ports import Chunking
from sluice.service.cutting import Cutter
from sluice.service.joining import Part, join
from sluice.service.rendering import encode, finish, probe_source
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP, MeteredTools, run

FILM_S, CHUNK_S = 7200, 60
TRIAL_CHUNK_S = 6
LONGER = 4  # times the clip
# https://aws.amazon.com/fargate/pricing/, Linux/ARM, us-east-1, on demand, per hour
DOLLARS_PER_VCPU_HOUR, DOLLARS_PER_GB_HOUR = 0.03238, 0.00356
GB_PER_VCPU = 2
START_S = 45  # of a Fargate task, until its first line runs: 30 to 60 s are usual
DOWNLOAD_MB_PER_S, SOURCE_GB = 100, 5  # from S3 in the same region; a film of 5.5 Mbit/s
USED_OF_4, USED_OF_16 = 0.95, 0.75  # of a task's processors, by one ffmpeg of four encoders
OVERHEAD = 1.05  # of chunks: the limit of `chunked_cpu_ratio`
ASSUMED = (
    f"a vCPU is as fast as a processor of this machine; a task starts in {START_S} s; a source of {SOURCE_GB} GB "
    f"is read at {DOWNLOAD_MB_PER_S} MB/s; one ffmpeg keeps {USED_OF_4:.0%} of 4 and {USED_OF_16:.0%} of 16 vCPU busy; "
    f"chunks cost {OVERHEAD - 1:.0%} more; all tasks start at once; {GB_PER_VCPU} GB per vCPU; on demand, no Spot; "
    f"storage beyond 20 GB, requests and Lambda are not counted"
)


class Parts(NamedTuple):
    """Seconds of one processor per second of film."""

    encode: float
    cut: float
    join: float
    package: float  # pictures included


class Shape(NamedTuple):
    tasks: int
    vcpus: int
    most_minutes: float
    most_dollars: float


SHAPES = (Shape(1, 16, 45, 0.6), Shape(16, 4, 25, 0.7), Shape(30, 4, 20, 0.7))


def measured(binaries: Binaries, folder: Path) -> Parts:
    tools = {"tools": ToolRunner(), "binaries": binaries}
    plan = plan_transcode(probe_source(CLIP, folder, **tools), EncodingSettings())
    silent = plan.model_copy(update={"audio": ()})
    length_s = plan.source.duration_s or 0.0
    cutting = MeteredTools()
    windows = windows_of(silent, Chunking(over_s=TRIAL_CHUNK_S, length_s=TRIAL_CHUNK_S))
    for _piece in Cutter(CLIP, folder, silent, tools=cutting, binaries=binaries).pieces(windows):
        pass
    encoding, packaging = MeteredTools(), MeteredTools()
    stage = {"binaries": binaries, "processors": os.cpu_count() or 1, "on_stage": lambda *_stage: None}
    (whole := folder / "whole").mkdir()
    frames = encode(CLIP, whole, plan, tools=encoding, **stage)
    began = time.process_time()
    for name in silent.names:
        join([Part(whole / intermediate(name), Window(start_s=0, length_s=None).start_s)], folder / f"{name}.mp4")
    joined_s = time.process_time() - began
    (longer := folder / "longer").mkdir()
    for name in plan.names:
        looped = ["-stream_loop", str(LONGER - 1), "-i", str(whole / intermediate(name)), "-c", "copy"]
        run([binaries.ffmpeg, "-v", "error", "-nostdin", *looped, *FRAGMENTED_MP4, intermediate(name)], longer)
    finish(whole, plan, frames, tools=packaging, binaries=binaries)
    once_s = packaging.cpu_s
    finish(longer, plan, LONGER * frames, tools=packaging, binaries=binaries)
    # what the longer one costs more: a preview takes the same for any length
    more_s = (packaging.cpu_s - 2 * once_s) / (LONGER - 1)
    seconds = (encoding.cpu_s, cutting.cpu_s, joined_s, more_s)
    return Parts(*(one / length_s for one in seconds))


def model(parts: Parts, shape: Shape) -> tuple[float, float]:
    """(minutes, dollars)."""
    read_s = SOURCE_GB * 1000 / DOWNLOAD_MB_PER_S
    hourly = shape.vcpus * (DOLLARS_PER_VCPU_HOUR + GB_PER_VCPU * DOLLARS_PER_GB_HOUR)
    if shape.tasks == 1:
        busy_s = START_S + read_s + FILM_S * (parts.encode / (shape.vcpus * USED_OF_16) + parts.package)
        return busy_s / 60, busy_s / 3600 * hourly
    chunks = FILM_S // CHUNK_S
    chunk_s = CHUNK_S * parts.encode * OVERHEAD / (shape.vcpus * USED_OF_4)
    first_s = START_S + read_s + FILM_S * parts.cut
    rounds = -(-chunks // shape.tasks)  # each chunk is a task of its own, so many of them at once
    last_s = START_S + FILM_S * (parts.join + parts.package)
    paid_s = first_s + chunks * (START_S + chunk_s) + last_s
    return (first_s + rounds * (START_S + chunk_s) + last_s) / 60, paid_s / 3600 * hourly


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        parts = measured(locate_binaries(), Path(folder))
    print("film_2h_model measured, processor seconds per second of film:", file=sys.stderr)
    print("  " + ", ".join(f"{name} {value:.4f}" for name, value in parts._asdict().items()), file=sys.stderr)
    print(f"film_2h_model assumed: {ASSUMED}", file=sys.stderr)
    for shape in SHAPES:
        minutes, dollars = model(parts, shape)
        name = f"film_2h_model_{shape.tasks}x{shape.vcpus}"
        yield Figure(f"{name}_minutes", minutes, "minutes", shape.most_minutes)
        yield Figure(f"{name}_dollars", dollars, "dollars", shape.most_dollars)
