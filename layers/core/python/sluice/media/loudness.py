"""Loudness by EBU R 128: measured first, then one gain for the whole track.

Two passes, because one-pass normalisation follows the sound and flattens it (a range of 22 LU became 6), and what it
does to a moment depends on all before it. Measuring a minute takes a fifth of a second.
"""

import re

from sluice.media import untrusted
from sluice.media.ladder import Plan
from sluice.media.sound import AudioRendition

TARGET_LUFS = -16.0  # what streaming services and phones settled on; broadcasting's is -23
PEAK_DBTP = -1.0  # true peak that AAC may be given, as it overshoots a little
QUIET_LUFS = -60.0  # below: silence and hiss, which nobody wants louder
MAX_GAIN_DB = 20.0

_INTEGRATED = re.compile(r"^\s*I:\s+(-?[0-9.]+) LUFS", re.MULTILINE)
_TRUE_PEAK = re.compile(r"True peak:\s+Peak:\s+(-?[0-9.]+) dBFS")


def loudness_argv(ffmpeg: str, source: str, made: AudioRendition, plan: Plan) -> list[str]:
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",
        "-v", "info",  # the summary is no warning
        "-nostats",
        *untrusted.INPUT_OPTIONS,
        "-t", f"{plan.longest_s:.0f}",
        "-i", source,
        "-map", f"0:{made.index}",
        "-af", "aformat=channel_layouts=stereo,ebur128=peak=true:framelog=quiet",  # mixed down as it is encoded
        "-f", "null",
        "-",
    ]  # fmt: skip


def gain_db(summary: str) -> float:
    """`summary`: what ffmpeg wrote last. 0 for a track without a loudness."""
    integrated, peak = _INTEGRATED.findall(summary), _TRUE_PEAK.findall(summary)
    if not integrated or not peak or float(integrated[-1]) < QUIET_LUFS:
        return 0.0
    wanted = TARGET_LUFS - float(integrated[-1])
    return round(min(wanted, PEAK_DBTP - float(peak[-1]), MAX_GAIN_DB), 2)
