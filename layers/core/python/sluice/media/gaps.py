"""Jumps in timestamps: a few KB can claim hours, which the encoder would fill with repeated frames and silence.

All timestamps of a file are read only where they are few for its length: elsewhere a jump costs its maker as many bytes
as playing time, and is worth no attack.
"""

from array import array
from itertools import pairwise

from sluice.media import untrusted
from sluice.media.probe import Headers
from sluice.media.source_packets import lines
from sluice.media.verdicts import TimestampGap

SPARSE_BYTES_PER_S = 25_000  # a sparse file of 12 hours has at most 1 GB to read


def gaps_argv(ffprobe: str, source: str) -> list[str]:
    return [
        ffprobe,
        "-v", "error",
        *untrusted.INPUT_OPTIONS,
        "-show_entries", "packet=stream_index,pts_time",
        "-of", "csv=p=0",
        "-i", source,
    ]  # fmt: skip


def may_have_gaps(headers: Headers, size_bytes: int) -> bool:
    """An estimated length may be far too short; a stated one may lie, but bounds what is encoded."""
    length_s = headers.stated_s or untrusted.MAX_DURATION_S
    return length_s > untrusted.MAX_GAP_S and size_bytes < length_s * SPARSE_BYTES_PER_S


def refuse_gaps(headers: Headers, stdout: str) -> None:
    """`stdout`: the answer to `gaps_argv`. Raises TimestampGap."""
    used = [stream for stream in (headers.video, *headers.tracks) if stream is not None]
    stamps = {str(stream["index"]): array("d") for stream in used}
    for line in lines(stdout):
        stream, _, text = line.partition(",")
        if stream in stamps and (stamp := _seconds(text.rstrip(","))) is not None:
            stamps[stream].append(stamp)
    for times in stamps.values():
        if any(after - before > untrusted.MAX_GAP_S for before, after in pairwise(sorted(times))):
            raise TimestampGap


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # N/A: a packet without a time of its own, or a line that ffprobe did not finish
        return None
