"""Bits that per-title quality takes to look right (VMAF 93), over the fixed bitrates of Apple's ladder.

Apple: "HLS Authoring Specification for Apple Devices", table of H.264 variants at up to 30 frames/s. The clip is the
demo's, a real one; the trials are those of a job.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sluice.adapters.process import ToolRunner, locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.media.ladder import plan_transcode
from sluice.service.per_title import sample_quality
from sluice.service.rendering import probe_source
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP

APPLE_KBPS = {"v1080": 6000, "v720": 3000, "v360": 365}
# As measured on this hard clip, and some more. Apple's 365 kbit/s do not look like 93 in 360 lines.
LIMITS = {"v1080": 1.0, "v720": 1.2, "v360": 3.0}


def figures() -> Iterator[Figure]:
    binaries, tools = locate_binaries(), ToolRunner()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        work = Path(folder)
        plan = plan_transcode(probe_source(CLIP, work, tools=tools, binaries=binaries), EncodingSettings())
        choices = sample_quality(
            CLIP,
            work,
            plan,
            tools=tools,
            binaries=binaries,
            processors=os.cpu_count() or 1,
            on_stage=lambda *_stage: None,
        )
    for choice in choices or ():
        if choice.name in APPLE_KBPS and choice.kbps:
            ratio = choice.kbps / APPLE_KBPS[choice.name]
            yield Figure(f"bits_at_vmaf93_{choice.name}", ratio, "ratio", LIMITS[choice.name])
