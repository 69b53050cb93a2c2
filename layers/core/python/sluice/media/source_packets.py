"""What the gate for stream copies must know of a source beyond its probe: all its packets, and a few words of ffprobe's
on its streams. One run over the whole file, which decodes nothing.

Hours of a source have millions of packets: what is kept of each is one number.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass
class Packets:
    """All of one stream."""

    count: int = 0
    discarded: int = 0
    size_bytes: int = 0
    stamps: "array[int]" = field(default_factory=lambda: array("q"))  # of those that have one, in order of decoding

    @classmethod
    def of(cls, packets: Iterable[Packet]) -> "Packets":
        made = cls()
        for packet in packets:
            made.add(packet)
        return made

    def add(self, packet: Packet) -> None:
        self.count += 1
        self.discarded += packet.discarded
        self.size_bytes += packet.size
        if packet.pts is not None:
            self.stamps.append(packet.pts)


class StreamPackets(NamedTuple):
    fields: Mapping[str, str]  # ffprobe's words
    packets: Packets

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
    """By index of the stream. Raises ValueError, KeyError or OverflowError of an answer that was cut off."""
    packets: dict[str, Packets] = {}
    streams = []
    for line in lines(stdout):
        kind, *words = line.rstrip("|").split("|")
        if kind == "packet":
            index, pts, size, flags, *_ = (word.partition("=")[2] for word in words)
            packet = Packet(None if pts == "N/A" else int(pts), int(size), "D" in flags)
            packets.setdefault(index, Packets()).add(packet)
        elif kind == "stream":
            streams.append(dict(word.partition("=")[::2] for word in words))
    return {int(fields["index"]): StreamPackets(fields, packets.get(fields["index"], Packets())) for fields in streams}


def lines(text: str) -> Iterator[str]:
    """One at a time: a list of them takes several times the memory of the text."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]
