"""HEVC and AV1 at their own CRFs beside H.264 at its: how much better they look (VMAF), and which share of the bits.

Without caps, which would hide what a CRF does; on some seconds of the demo's real clip at 1280x720.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sluice.adapters.process import ToolRunner, locate_binaries
from sluice.domain.encoding import EncodingSettings, RungSettings, VideoCodec
from sluice.domain.tools import Binaries, ToolLimits, ToolTask
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import plan_transcode
from sluice.service.rendering import probe_source
from tests.bench.chunked import at_once, vmaf
from tests.bench.figure import Figure
from tests.bench.transcode import CLIP

SECONDS, LINES, NO_CAP_KBPS = 4, 720, 50_000
SETTINGS = EncodingSettings(
    codecs=(VideoCodec.H264, VideoCodec.HEVC, VideoCodec.AV1),
    rungs=(RungSettings(short_side=LINES, max_kbps=NO_CAP_KBPS),),
)
LEAST_VMAF = -0.5  # an extra rung looks like the one it stands beside; nobody sees a difference of 1
MOST_BITS = {VideoCodec.HEVC: 0.7, VideoCodec.AV1: 0.7}


def make_source(folder: Path, binaries: Binaries) -> Path:
    source = folder / "source"
    form = ("-vf", f"scale=-2:{LINES}", "-c:v", "libx264", "-preset", "veryfast", "-crf", "10", "-an", "-f", "mp4")
    argv = (binaries.ffmpeg, "-v", "error", "-nostdin", "-i", str(CLIP), "-t", str(SECONDS), *form, str(source))
    ended = ToolRunner().run(ToolTask(argv=argv, cwd=folder, limits=ToolLimits(deadline_s=900)))
    if ended.exit_code:
        raise RuntimeError(ended.stderr_tail)
    return source


def figures() -> Iterator[Figure]:
    binaries = locate_binaries()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        work = Path(name)
        source = make_source(work, binaries)
        plan = plan_transcode(probe_source(source, work, tools=ToolRunner(), binaries=binaries), SETTINGS)
        at_once(source, plan, work, binaries)
        files = {made.codec: work / intermediate(made.name) for made in plan.video}
        looks = {codec: vmaf(file, source, work, binaries) for codec, file in files.items()}
        bits = {codec: file.stat().st_size for codec, file in files.items()}
    for codec, most in MOST_BITS.items():
        gain = looks[codec] - looks[VideoCodec.H264]
        yield Figure(f"codec_quality_{codec}_vmaf_gain", gain, "vmaf", LEAST_VMAF, at_least=True)
        yield Figure(f"codec_quality_{codec}_bits", bits[codec] / bits[VideoCodec.H264], "ratio", most)
