"""What Shaka Streamer costs for the same renditions: processor time of the programs that it starts, over ours.

Both make CMAF for HLS and DASH of the same real clip, with the same sizes, segments, sound and x264 preset, and
Streamer gets the bit rates that ours came to. Ours also makes poster, storyboard and preview. Streamer's own preset,
`slow`, is measured on the clip's first seconds, as it takes several times as long.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sluice.adapters.process import locate_binaries
from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import Rendition
from sluice.domain.tools import Binaries
from sluice.service.rendering import render_source
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP, PROCESSORS, REPOSITORY, MeteredTools, run

PYTHON = REPOSITORY / ".sluice" / "bench-venv" / "bin" / "python"
PROGRAM = Path(__file__).with_name("peers") / "run_shaka_streamer.py"
PRESET = "veryfast"  # ours
ROUNDS = 3
SHORT_S = 4
LIMIT = 1.0
SETTINGS = EncodingSettings()


def ours(source: Path, work: Path, binaries: Binaries) -> tuple[float, tuple[Rendition, ...]]:
    """Seconds of processor time, and what was made."""
    tools = MeteredTools()
    rendered = render_source(
        source,
        work,
        settings=SETTINGS,
        tools=tools,
        binaries=binaries,
        processors=PROCESSORS,
        check=lambda _probed: None,
        refine=lambda plan: plan,
        on_stage=lambda *_stage: None,
    )
    return tools.cpu_s, rendered.renditions


def theirs(source: Path, work: Path, renditions: tuple[Rendition, ...], preset: str | None) -> float:
    """Seconds of processor time. `preset`: None for its own."""
    for name, settings in configuration(source, renditions).items():
        (work / f"{name}.json").write_text(json.dumps(settings))
    argv = [str(PYTHON), str(PROGRAM), str(work), *([preset] if preset else [])]
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(work)}
    ended = subprocess.run(argv, cwd=work, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stdout + ended.stderr)
    made = sorted(path.stem for path in (work / "output").glob("*.m3u8"))
    assert len(made) >= 1 + len(renditions), made  # the master's and each rendition's
    return float(ended.stdout.splitlines()[-1])


def configuration(source: Path, renditions: tuple[Rendition, ...]) -> dict[str, object]:
    video = [made for made in renditions if made.kind == "video"]
    [sound] = [made for made in renditions if made.kind == "audio"]
    sizes = {
        made.name: {"max_width": made.width, "max_height": made.height, "bitrates": {"h264": kilobits(made)}}
        for made in video
    }
    return {
        "input": {"inputs": [{"name": str(source), "media_type": kind} for kind in ("video", "audio")]},
        "bitrates": {
            "video_resolutions": sizes,
            "audio_channel_layouts": {"stereo": {"max_channels": sound.channels, "bitrates": {"aac": kilobits(sound)}}},
        },
        "pipeline": {
            "streaming_mode": "vod",
            "quiet": True,
            "resolutions": list(sizes),
            "channel_layouts": ["stereo"],
            "segment_size": SETTINGS.segment_s,
            "segment_per_file": True,
            "generate_iframe_playlist": True,
        },
    }


def kilobits(made: Rendition) -> str:
    return f"{round(made.bitrate / 1000)}k"


def one_round(source: Path, preset: str | None, binaries: Binaries) -> tuple[float, float]:
    """(theirs, ours) in seconds of processor time."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        for name in ("ours", "theirs"):
            (Path(folder) / name).mkdir()
        cpu_s, renditions = ours(source, Path(folder) / "ours", binaries)
        return theirs(source, Path(folder) / "theirs", renditions, preset), cpu_s


def ratio(rounds: list[tuple[float, float]]) -> float:
    their, our = (min(measured) for measured in zip(*rounds, strict=True))
    return their / our


def figures() -> Iterator[Figure]:
    binaries = locate_binaries()
    rounds = [one_round(CLIP, PRESET, binaries) for _ in range(ROUNDS)]
    yield Figure("shaka_streamer_ratio", ratio(rounds), "ratio", LIMIT, at_least=True)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        short = Path(folder) / "short.mp4"
        run(
            [binaries.ffmpeg, "-v", "error", "-nostdin", "-t", str(SHORT_S), "-i", str(CLIP), "-c", "copy", str(short)],
            short.parent,
        )
        slow = one_round(short, None, binaries)
    yield Figure("shaka_streamer_ratio_at_its_own_preset", ratio([slow]), "ratio", LIMIT, at_least=True)
