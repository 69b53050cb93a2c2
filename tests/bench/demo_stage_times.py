"""What each stage of `make demo` takes, as seconds per second of the clip; set-up and the waited-out session aside.

The stacks are deployed before; functions still start cold in the first stage.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.cli import FOLDER
from infra.local.engine import Engine
from tests.bench.figure import Figure

# two encoders' worth of processors take about 2 s for a second of 1080p; functions start cold in the upload stage
LIMITS = {"upload": 1.0, "transcode": 8.0, "play": 1.0, "compare": 2.0}


def figures() -> Iterator[Figure]:
    with Engine(FOLDER) as engine:
        engine.deploy()
        report = demo()
    for stage, limit in LIMITS.items():
        seconds = report["timings_ms"][stage] / 1000
        yield Figure(f"demo_stage_times_{stage}", seconds / report["duration_s"], "ratio", limit)


def demo() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        report = Path(folder, "report.json")
        subprocess.run(
            [sys.executable, "-m", "infra.local.demo", "--json", str(report)], check=True, stdout=subprocess.DEVNULL
        )
        return dict(json.loads(report.read_text()))
