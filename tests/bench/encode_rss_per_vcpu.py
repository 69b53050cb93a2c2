"""The most memory that any program of a 1080p transcode holds, over the processors that it may use."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sluice.adapters.process import locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.service.rendering import render_source
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP, MeteredTools

VCPUS = (1, 4)  # threads take memory of their own: one processor has to hold what does not shrink
LIMIT_GB = 2.0  # what a task has per vCPU


def most_rss_gb(vcpus: int) -> float:
    tools = MeteredTools()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        render_source(
            CLIP,
            Path(folder),
            settings=EncodingSettings(),
            tools=tools,
            binaries=locate_binaries(),
            processors=vcpus,
            check=lambda _probed: None,
            refine=lambda plan: plan,
            on_stage=lambda *_stage: None,
        )
    return tools.most_rss_bytes / 1e9


def figures() -> Iterator[Figure]:
    yield Figure("encode_rss_per_vcpu", max(most_rss_gb(vcpus) / vcpus for vcpus in VCPUS), "GB", LIMIT_GB)
