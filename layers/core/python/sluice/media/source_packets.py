"""What the gate for stream copies must know of a source beyond its probe: all its packets, and a few words of ffprobe's
on its streams. One run over the whole file, which decodes nothing."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from sluice.media import untrusted

_STREAM_FIELDS = (
    "index,profile,level,field_order,sample_aspect_ratio,color_transfer,time_base,nb_frames,sample_rate,channels"
)


class Packet(NamedTuple):
    pts: int | None
    size: int
    discarded: bool  # by an edit list: a decoder needs it, a viewer must not see it


class StreamPackets(NamedTuple):
    fields: Mapping[str, str]  # ffprobe's words
    packets: tuple[Packet, ...]  # in order of decoding

    @property
    def time_base(self) -> Fraction:
        return Fraction(self.fields["time_base"])


def packets_argv(ffprobe: str, source: str) -> list[str]:
    return [
        ffprobe,
        "-v", "error",
        *untrusted.INPUT_OPTIONS,
        "-show_entries",
        f"packet=stream_index,pts,size,flags:stream={_STREAM_FIELDS}:stream_side_data=side_data_type",
        "-of", "compact",
        "-i", source,
    ]  # fmt: skip


def parse_packets(stdout: str) -> dict[int, StreamPackets]:
    """By index of the stream. Raises ValueError or KeyError of an answer that was cut off."""
    packets: dict[str, list[Packet]] = {}
    streams = []
    for line in stdout.splitlines():
        kind, *words = line.rstrip("|").split("|")
        if kind == "packet":
            index, pts, size, flags, *_ = (word.partition("=")[2] for word in words)
            packet = Packet(None if pts == "N/A" else int(pts), int(size), "D" in flags)
            packets.setdefault(index, []).append(packet)
        elif kind == "stream":
            streams.append(dict(word.partition("=")[::2] for word in words))
    return {int(fields["index"]): StreamPackets(fields, tuple(packets.get(fields["index"], ()))) for fields in streams}
